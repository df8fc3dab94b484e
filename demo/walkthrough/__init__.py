"""
One whole job, played on the running product in words.

From a deal in the CRM to a page that is proven, changed and proven again.
"""
