package conf

import (
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Kubernetes sets variables for every service of a namespace. Those of a service named
// like the program, or with more behind the name, begin with the program's prefix. Their
// names are told from settings by their ends, and by values that no setting has there.
var (
	serviceHost = regexp.MustCompile(`^(_[A-Z0-9_]+)?_SERVICE_HOST$`)
	servicePort = regexp.MustCompile(`^(_[A-Z0-9_]+)?_SERVICE_PORT(_[A-Z0-9_]+)?$`)
	portURL     = regexp.MustCompile(`^(_[A-Z0-9_]+)?_PORT(_[0-9]+_(TCP|UDP|SCTP))?$`)
	portPart    = regexp.MustCompile(`^(_[A-Z0-9_]+)?_PORT_[0-9]+_(TCP|UDP|SCTP)_(ADDR|PORT|PROTO)$`)
)

// injected reports whether a variable is one that Kubernetes sets for a service. rest is
// its name without the prefix.
func injected(rest, value string) bool {
	switch {
	case serviceHost.MatchString(rest):
		return isIP(value)
	case servicePort.MatchString(rest):
		return isPort(value)
	case portPart.MatchString(rest):
		switch {
		case strings.HasSuffix(rest, "_ADDR"):
			return isIP(value)
		case strings.HasSuffix(rest, "_PROTO"):
			return isProtocol(value)
		}
		return isPort(value)
	case portURL.MatchString(rest):
		u, err := url.Parse(value)
		return err == nil && isProtocol(u.Scheme) && isIP(u.Hostname()) && isPort(u.Port()) && u.User == nil && u.Path == ""
	}
	return false
}

func isIP(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

func isProtocol(text string) bool { return text == "tcp" || text == "udp" || text == "sctp" }
