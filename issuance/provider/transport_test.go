package provider

import "testing"

// The environment of a server is not where it is said who may read personal data.
func TestNoProxyAndNoSharedConnections(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	tr := newTransport(nil, 7)
	if tr.Proxy != nil {
		t.Error("a proxy would be asked for")
	}
	if !tr.DisableKeepAlives || tr.Protocols.HTTP2() || tr.MaxConnsPerHost != 7 {
		t.Error("calls share connections, or have no bound")
	}
}
