package throttle

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Caller is the network that a request came from: an IPv4 address, or the /64 of an IPv6 address, which is
// one subscriber's. It is comparable and can be the key of a [Limiter]. Only [Proxies.Caller] makes one.
// All callers without a known address share the zero Caller.
type Caller struct{ network netip.Prefix }

// String keeps addresses, which are personal data, out of logs and error texts.
func (c Caller) String() string { return "network address (private)" }

// Format hides the address from every verb of fmt.
func (c Caller) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// ipv6Bits is the prefix length that identifies an IPv6 subscriber: RFC 6177 assigns at least a /64.
const ipv6Bits = 64

// translated is the prefix of IPv4 addresses behind a translator (RFC 6052). Counted by /64 they would all
// be one caller.
var translated = netip.MustParsePrefix("64:ff9b::/96")

func callerOf(a netip.Addr) Caller {
	a = canonical(a)
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

// canonical returns the address without a zone, and IPv4-mapped addresses as IPv4.
func canonical(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Proxies are the networks of trusted proxies: their X-Forwarded-For is evaluated. The zero value trusts
// no proxy.
type Proxies struct{ networks []netip.Prefix }

// MaxProxies is the maximum number of trusted networks.
const MaxProxies = 64

// ParseProxies parses networks such as 10.0.0.0/8, or single addresses. It reports every wrong one. The
// network of all addresses is refused: with it, every caller could choose an address.
func ParseProxies(texts []string) (p Proxies, err error) {
	if len(texts) > MaxProxies {
		return Proxies{}, fmt.Errorf("throttle: at most %d trusted proxies are allowed", MaxProxies)
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
			wrong = append(wrong, fmt.Errorf("throttle: trusted proxy %q must be an address, or a network without host bits; IPv4-mapped IPv6 and the network of all addresses are not allowed", text))
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

// ErrRemote means that the connection's own address is not a network address.
var ErrRemote = errors.New("throttle: the connection has no network address")

// Bounds of X-Forwarded-For, above those of real proxy chains.
const (
	maxHops   = 16
	maxHopLen = 64
)

// Caller determines the caller behind a connection. remote is the connection's address and port, and
// forwarded the values of all its X-Forwarded-For headers in order. Each proxy appends the address that
// it received the request from. The list is therefore read from the end, as long as the address that
// added an entry is a trusted proxy. An entry that does not parse ends the search at the proxy that added
// it. Entries further left may be forged.
func (p Proxies) Caller(remote string, forwarded []string) (Caller, error) {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return Caller{}, ErrRemote
	}
	caller := canonical(at.Addr())
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

// readHop parses an address as proxies write it: alone, with a port, or IPv6 in brackets with or without a
// port.
func readHop(hop string) (netip.Addr, bool) {
	if len(hop) > maxHopLen {
		return netip.Addr{}, false
	}
	if a, err := netip.ParseAddr(hop); err == nil {
		return canonical(a), true
	}
	if inner, ok := strings.CutPrefix(hop, "["); ok {
		if inner, ok := strings.CutSuffix(inner, "]"); ok {
			a, err := netip.ParseAddr(inner)
			return canonical(a), err == nil && a.Is6()
		}
	}
	at, err := netip.ParseAddrPort(hop)
	return canonical(at.Addr()), err == nil
}
