"""HTTP as both ends speak it: heads, bodies within bounds, links, sockets that tell, causes of failures."""
