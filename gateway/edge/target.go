package edge

import "bytes"

// splitTarget splits a request target into path and query as sent, without decoding or
// cleaning. It accepts the origin form, the absolute form, which proxies send, and "*"
// for OPTIONS. The authority form is refused: it is for CONNECT, after which another
// protocol would begin.
func splitTarget(method, target []byte) (path, query []byte, ok bool) {
	if !uriBytes(target) {
		return nil, nil, false
	}
	switch {
	case len(target) > 0 && target[0] == '/':
		path = target
	case string(target) == "*" && string(method) == "OPTIONS":
		return target, nil, true
	default:
		rest, found := bytes.CutPrefix(target, []byte("http://"))
		if !found {
			if rest, found = bytes.CutPrefix(target, []byte("https://")); !found {
				return nil, nil, false
			}
		}
		end := bytes.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		if !isAuthority(rest[:end]) {
			return nil, nil, false
		}
		path = rest[end:]
	}
	path, query, _ = bytes.Cut(path, []byte{'?'})
	return path, query, true
}

// uriBytes reports whether s has only bytes that a URI may have outside a fragment
// (RFC 3986 appendix A), with two hex digits after every %.
func uriBytes(s []byte) bool {
	for i := 0; i < len(s); i++ {
		switch {
		case classes[s[i]]&inURI == 0:
			return false
		case s[i] == '%' && (i+2 >= len(s) || classes[s[i+1]]&isHex == 0 || classes[s[i+2]]&isHex == 0):
			return false
		}
	}
	return true
}

// isAuthority reports whether s is a host with or without a port (RFC 3986 section
// 3.2): a name, an IPv4 address, or an IPv6 address in brackets. A user before the host
// is refused (RFC 9110 section 4.2.4), as is percent-encoding.
func isAuthority(s []byte) bool {
	host := s
	if len(s) > 0 && s[0] == '[' {
		end := bytes.IndexByte(s, ']')
		if end < 0 {
			return false
		}
		for _, b := range s[1:end] {
			if classes[b]&isHex == 0 && b != ':' && b != '.' {
				return false
			}
		}
		host, s = s[1:end], s[end+1:]
	} else {
		end := 0
		for end < len(s) && classes[s[end]]&inHost != 0 {
			end++
		}
		host, s = s[:end], s[end:]
	}
	if len(host) == 0 {
		return false
	}
	if len(s) == 0 {
		return true
	}
	for _, b := range s[1:] {
		if b < '0' || b > '9' {
			return false
		}
	}
	return s[0] == ':'
}
