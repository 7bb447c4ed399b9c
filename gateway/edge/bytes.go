package edge

// Classes of bytes.
const (
	inToken uint8 = 1 << iota // RFC 9110 section 5.6.2: a name
	inURI                     // RFC 3986: unreserved, reserved without "#", and "%"
	inHost                    // of inURI: a registered name or an IPv4 address
	isHex
)

var classes = func() (classes [256]uint8) {
	set := func(class uint8, bytes string) {
		for _, b := range []byte(bytes) {
			classes[b] |= class
		}
	}
	const digits, letters = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	set(inToken, digits+letters+"!#$%&'*+-.^_`|~")
	set(inURI, digits+letters+"-._~:/?[]@!$&'()*+,;=%")
	set(inHost, digits+letters+"-._~!$&'()*+,;=")
	set(isHex, digits+"ABCDEFabcdef")
	return classes
}()

// token returns the number of leading bytes of s that a name may have.
func token(s []byte) int {
	for i, b := range s {
		if classes[b]&inToken == 0 {
			return i
		}
	}
	return len(s)
}

// trim removes spaces and tabs at both ends.
func trim(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// isName compares without regard to case; name is in lower case.
func isName(s []byte, name string) bool {
	if len(s) != len(name) {
		return false
	}
	for i, b := range s {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b != name[i] {
			return false
		}
	}
	return true
}

// lists reports whether a comma-separated list has a member, in any case.
func lists(list []byte, member string) bool {
	for start := 0; start <= len(list); {
		end := start
		for end < len(list) && list[end] != ',' {
			end++
		}
		if isName(trim(list[start:end]), member) {
			return true
		}
		start = end + 1
	}
	return false
}
