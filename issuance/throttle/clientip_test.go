package throttle

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/harness/runtest"
)

func proxies(t testing.TB, texts ...string) Proxies {
	t.Helper()
	p, err := ParseProxies(texts)
	runtest.Must(t, err)
	return p
}

func TestCallerIsTheAddressReportedByATrustedProxy(t *testing.T) {
	p := proxies(t, "10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.7")
	for _, c := range []struct {
		remote, forwarded, want, why string
	}{
		{"198.51.100.1:1234", "", "198.51.100.1/32", "no proxy"},
		{"198.51.100.1:1234", "203.0.113.9", "198.51.100.1/32", "a header from an untrusted address is ignored"},
		{"10.1.1.1:80", "203.0.113.9", "203.0.113.9/32", "one proxy"},
		{"10.1.1.1:80", "203.0.113.1, 203.0.113.9", "203.0.113.9/32", "forged entries are on the left"},
		{"10.1.1.1:80", "203.0.113.9, 192.0.2.7,10.2.2.2", "203.0.113.9/32", "three proxies"},
		{"10.1.1.1:80", "203.0.113.1|203.0.113.9|10.2.2.2", "203.0.113.9/32", "three headers"},
		{"10.1.1.1:80", "203.0.113.1|203.0.113.8, 203.0.113.9", "203.0.113.9/32", "two headers"},
		{"10.1.1.1:80", "", "10.1.1.1/32", "a proxy that sends no header"},
		{"10.1.1.1:80", "10.3.3.3, 10.2.2.2", "10.3.3.3/32", "a caller within the proxies' networks"},
		{"10.1.1.1:80", "203.0.113.9, unknown", "10.1.1.1/32", "an entry that does not parse ends the search"},
		{"10.1.1.1:80", "203.0.113.9, unknown, 10.2.2.2", "10.2.2.2/32", "at the proxy that added it"},
		{"10.1.1.1:80", "203.0.113.9,", "10.1.1.1/32", "an empty hop"},
		{"10.1.1.1:80", "203.0.113.9:4711", "203.0.113.9/32", "with a port"},
		{"10.1.1.1:80", "[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64", "IPv6 with a port"},
		{"10.1.1.1:80", "[2001:db8:1:2::9]", "2001:db8:1:2::/64", "in brackets"},
		{"10.1.1.1:80", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "alone"},
		{"10.1.1.1:80", "[203.0.113.9]", "10.1.1.1/32", "brackets are for IPv6"},
		{"10.1.1.1:80", "203.0.113.09", "10.1.1.1/32", "a leading zero"},
		{"[2001:db8:1:2:3::1]:80", "203.0.113.9", "2001:db8:1:2::/64", "IPv6 is counted by /64"},
		{"[2001:db8:ffff::1]:80", "203.0.113.9", "203.0.113.9/32", "an IPv6 proxy"},
		{"[::ffff:10.1.1.1]:80", "203.0.113.9", "203.0.113.9/32", "IPv4 in IPv6 is IPv4"},
		{"10.1.1.1:80", "::ffff:203.0.113.9", "203.0.113.9/32", "also in the header"},
		{"[64:ff9b::cb00:7109]:80", "", "203.0.113.9/32", "translated IPv4"},
		{"[fe80::1%eth0]:80", "", "fe80::/64", "without its zone"},
		{"10.1.1.1:80", strings.Repeat("10.2.2.2, ", 100) + "10.3.3.3", "10.2.2.2/32", "a long chain is cut"},
		{"10.1.1.1:80", strings.Repeat("1", 100_000), "10.1.1.1/32", "a long hop"},
	} {
		var values []string
		if c.forwarded != "" {
			values = strings.Split(c.forwarded, "|")
		}
		got, err := p.Caller(c.remote, values)
		if err != nil || got.network.String() != c.want {
			t.Errorf("%s: %v, want %s: %v", c.why, got.network, c.want, err)
		}
	}
	for _, remote := range []string{"", "203.0.113.9", "host:80", "203.0.113.9:x"} {
		if _, err := p.Caller(remote, nil); err != ErrRemote {
			t.Errorf("%q: %v", remote, err)
		}
	}
}

func TestProxiesAreReadStrictly(t *testing.T) {
	for _, wrong := range []string{"", "proxy", "0.0.0.0/0", "::/0", "10.0.0.1/8", "10.0.0.0/33", "::ffff:10.0.0.1", "fe80::1%eth0", " 10.0.0.1"} {
		if _, err := ParseProxies([]string{"10.0.0.0/8", wrong}); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
	if _, err := ParseProxies(make([]string, MaxProxies+1)); err == nil {
		t.Error("too many proxies are accepted")
	}
	_, err := ParseProxies([]string{"first", "10.0.0.0/8", "second"})
	if err == nil || !strings.Contains(err.Error(), "first") || !strings.Contains(err.Error(), "second") {
		t.Errorf("not every fault is reported: %v", err)
	}
}

func TestCallerIsNeverPrinted(t *testing.T) {
	c, err := Proxies{}.Caller("203.0.113.9:1", nil)
	runtest.Must(t, err)
	for _, verb := range []string{"%v", "%s", "%+v", "%#v", "%x", "%d"} {
		for _, v := range []any{c, &c, struct{ C Caller }{c}} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "113") || strings.Contains(got, "cb00") {
				t.Errorf("%s prints the address: %s", verb, got)
			}
		}
	}
}

// A header from an untrusted address has no effect. From a proxy, the result is an address in the header or
// the proxy's own.
func FuzzCaller(f *testing.F) {
	for _, seed := range []string{"", "203.0.113.9", "203.0.113.1, 10.2.2.2", "[2001:db8::1]:80,,x", "::ffff:1.2.3.4", "64:ff9b::1", "%,[]:"} {
		f.Add("10.1.1.1:80", seed, "10.9.9.9")
		f.Add("[2001:db8::7]:80", seed, seed)
	}
	p := proxies(f, "10.0.0.0/8")
	f.Fuzz(func(t *testing.T, remote, first, second string) {
		got, err := p.Caller(remote, []string{first, second})
		if err != nil {
			if err != ErrRemote || got != (Caller{}) {
				t.Fatalf("unexpected error %T", err)
			}
			return
		}
		n := got.network
		if !n.IsValid() || n != n.Masked() || n.Addr().Is4In6() || n.Addr().Zone() != "" ||
			n.Addr().Is4() && n.Bits() != 32 || n.Addr().Is6() && n.Bits() != 64 {
			t.Fatalf("%v is not in canonical form", n)
		}
		at := netip.MustParseAddrPort(remote)
		alone, err := p.Caller(remote, nil)
		runtest.Must(t, err)
		if !p.trust(canonical(at.Addr())) && got != alone {
			t.Fatal("a header from an untrusted address changed the caller")
		}
		// Entries further left have no effect once an address outside the proxies is found.
		if got != alone && !p.trust(got.network.Addr()) {
			again, err := p.Caller(remote, []string{"192.0.2.1, " + first, second})
			if err != nil || again != got {
				t.Fatal("an entry on the left changed the caller")
			}
		}
	})
}
