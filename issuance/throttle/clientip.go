package throttle

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Caller is the network that a request came from: an IPv4 address, or the /64 of
// an IPv6 address, which is what one subscriber has. It is comparable, so it can
// be the key of a Limiter. Only Proxies.Caller makes one; the zero Caller stands
// for all whose address is not known, together.
type Caller struct{ network netip.Prefix }

// String keeps addresses, which are personal data, out of logs and error texts.
func (c Caller) String() string { return "network address (private)" }

// Format does the same for every verb.
func (c Caller) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// ipv6Bits is the part of an IPv6 address that names a subscriber (RFC 6177
// gives nobody less than a /64).
const ipv6Bits = 64

// translated is the prefix behind which a translator shows all of IPv4 (RFC
// 6052): counted by /64 they would be one caller.
var translated = netip.MustParsePrefix("64:ff9b::/96")

func callerOf(a netip.Addr) Caller {
	a = plain(a)
	if translated.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	bits := a.BitLen()
	if a.Is6() {
		bits = ipv6Bits
	}
	return Caller{netip.PrefixFrom(a, bits).Masked()}
}

// plain is the one spelling of an address: no zone, and IPv4 as itself.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Proxies are the networks of the proxies whose X-Forwarded-For is believed.
// The zero Proxies believe none.
type Proxies struct{ networks []netip.Prefix }

// MaxProxies bounds the networks of trusted proxies.
const MaxProxies = 64

// ParseProxies reads networks such as 10.0.0.0/8, or single addresses. It
// reports every one that is wrong. A network of everything is refused: anybody
// could then choose an address.
func ParseProxies(texts []string) (p Proxies, err error) {
	if len(texts) > MaxProxies {
		return Proxies{}, fmt.Errorf("attempts: at most %d trusted proxies", MaxProxies)
	}
	var wrong []error
	for _, text := range texts {
		n, err := netip.ParsePrefix(text)
		if err != nil {
			var a netip.Addr
			if a, err = netip.ParseAddr(text); err == nil && a.Zone() == "" {
				n = netip.PrefixFrom(a, a.BitLen())
			}
		}
		if !n.IsValid() || n.Bits() == 0 || n != n.Masked() || n.Addr().Is4In6() {
			wrong = append(wrong, fmt.Errorf("attempts: trusted proxy %q must be an address or a network without host bits, IPv4 not in IPv6, and not everything", text))
			continue
		}
		p.networks = append(p.networks, n)
	}
	if len(wrong) > 0 {
		return Proxies{}, errors.Join(wrong...)
	}
	return p, nil
}

func (p Proxies) trust(a netip.Addr) bool {
	return slices.ContainsFunc(p.networks, func(n netip.Prefix) bool { return n.Contains(a) })
}

// ErrRemote says that the connection's own address cannot be read.
var ErrRemote = errors.New("attempts: the connection has no network address")

// Bounds on X-Forwarded-For: more than a chain of proxies has.
const (
	maxHops   = 16
	maxHopLen = 64
)

// Caller finds who is behind a connection. remote is its address and port, and
// forwarded the values of all its X-Forwarded-For headers in order. Each proxy
// adds, at the end, whom it heard from; so it is read from the end, for as long
// as the one who said it is trusted. What cannot be read ends the search at the
// proxy that said it. Whatever stands further to the left may be invented.
func (p Proxies) Caller(remote string, forwarded []string) (Caller, error) {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return Caller{}, ErrRemote
	}
	caller := plain(at.Addr())
	rest, more := strings.Join(forwarded, ","), true
	for range maxHops {
		if !more || !p.trust(caller) {
			break
		}
		cut := strings.LastIndexByte(rest, ',')
		a, ok := readHop(strings.Trim(rest[cut+1:], " \t"))
		if !ok {
			break
		}
		caller, rest, more = a, rest[:max(cut, 0)], cut >= 0
	}
	return callerOf(caller), nil
}

// readHop reads an address as proxies write it: alone, with a port, or an IPv6
// address in brackets with or without one.
func readHop(hop string) (netip.Addr, bool) {
	if len(hop) > maxHopLen {
		return netip.Addr{}, false
	}
	if a, err := netip.ParseAddr(hop); err == nil {
		return plain(a), true
	}
	if inner, ok := strings.CutPrefix(hop, "["); ok {
		if inner, ok := strings.CutSuffix(inner, "]"); ok {
			a, err := netip.ParseAddr(inner)
			return plain(a), err == nil && a.Is6()
		}
	}
	at, err := netip.ParseAddrPort(hop)
	return plain(at.Addr()), err == nil
}
