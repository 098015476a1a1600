//! HTTP clients with time-outs, proxies and extra certificate authorities: the one place that makes them.
