"""
One whole job, played on the running product in words: from a deal in the CRM to a page that is
proven, changed and proven again.
"""
