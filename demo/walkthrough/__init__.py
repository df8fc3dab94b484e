"""
The walkthrough: one complete job on the running product.

It goes from a deal in the CRM to a page that is proven, changed and proven again.
"""
