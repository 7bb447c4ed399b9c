package batch

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// readString reads a string and decodes its escapes in place.
func (r *reader) readString() (text []byte, ok bool) {
	if !r.expect('"') {
		return nil, false
	}
	start := r.at
	if n := bytes.IndexByte(r.body[start:], '"'); n >= 0 && isPlain(r.body[start:start+n]) {
		r.at += n + 1
		return r.body[start : start+n : start+n], true
	}
	// A decoded escape is never longer than its spelling, so to never overtakes r.at.
	to := r.at
	for {
		if r.at == len(r.body) {
			return nil, r.refuse(Syntax, r.at)
		}
		switch c := r.body[r.at]; {
		case c == '"':
			r.at++
			return r.body[start:to:to], true
		case c == '\\':
			decoded, ok := r.readEscape()
			if !ok {
				return nil, false
			}
			to += utf8.EncodeRune(r.body[to:], decoded)
		case c < ' ':
			return nil, r.refuse(Syntax, r.at)
		case c >= utf8.RuneSelf:
			_, size := utf8.DecodeRune(r.body[r.at:])
			if size == 1 {
				return nil, r.refuse(Syntax, r.at)
			}
			to += copy(r.body[to:], r.body[r.at:r.at+size])
			r.at += size
		}
		n := plain(r.body[r.at:])
		to += copy(r.body[to:], r.body[r.at:r.at+n])
		r.at += n
	}
}

// shortEscapes maps the letter of a two-character escape to its meaning; 0: none.
var shortEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// readEscape reads one escape, or two that form a surrogate pair.
func (r *reader) readEscape() (decoded rune, ok bool) {
	if r.at+1 == len(r.body) {
		return 0, r.refuse(Syntax, len(r.body))
	}
	letter := r.body[r.at+1]
	if letter != 'u' {
		if shortEscapes[letter] == 0 {
			return 0, r.refuse(Syntax, r.at)
		}
		r.at += 2
		return rune(shortEscapes[letter]), true
	}
	unit, ok := hex4(r.body[r.at:])
	if !ok {
		return 0, r.refuse(Syntax, r.at)
	}
	r.at += 6
	if !utf16.IsSurrogate(unit) {
		return unit, true
	}
	if low, ok := hex4(r.body[r.at:]); ok {
		if pair := utf16.DecodeRune(unit, low); pair != utf8.RuneError {
			r.at += 6
			return pair, true
		}
	}
	return utf8.RuneError, true
}

// hex4 reads the \uXXXX at the start of s.
func hex4(s []byte) (unit rune, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	for _, c := range s[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		unit = unit<<4 | rune(c)
	}
	return unit, true
}
