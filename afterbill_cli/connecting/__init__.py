"""`afterbill connect`: a connection's secret, proved before it counts."""
