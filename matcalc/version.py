"""The version of matcalc, which is that of the distribution."""

VERSION = "0.1.0"
