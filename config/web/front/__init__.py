"""
The web server's own front: it waits for slow clients, so that no thread has to.

One thread of each web process reads whole requests and sends responses for all connections. Threads
get a request once all of it is there, and lay the response down for the front to send. Every wait
for a client has a deadline, and whoever waits longest gives way when there is no room left.
"""
