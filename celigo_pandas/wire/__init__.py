"""HTTP as both ends of the package speak it: heads, bodies within bounds, links, sockets that tell, causes of failures."""
