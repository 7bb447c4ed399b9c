package loadtest

import "github.com/railgate/railgate/tokens"

// scanner parses the JSON of one answer without allocating: encoding/json would cost the
// generator more than the gateway spends on the check.
type scanner struct{ rest []byte }

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for len(s.rest) > 0 {
		switch s.rest[0] {
		case ' ', '\t', '\n', '\r':
			s.rest = s.rest[1:]
		default:
			return s.rest[0]
		}
	}
	return 0
}

// expect consumes the next byte, which must be c.
func (s *scanner) expect(c byte) error {
	switch s.peek() {
	case c:
		s.rest = s.rest[1:]
		return nil
	case 0:
		return errAnswerTooShort
	}
	return errAnswerJSON
}

// expectEnd refuses bytes after the answer.
func (s *scanner) expectEnd() error {
	if s.peek() != 0 || len(s.rest) > 0 {
		return errAnswerJSON
	}
	return nil
}

// readObject calls member at the value of each member, which must be in known and not yet
// in seen.
func (s *scanner) readObject(known fieldSet, seen *int, member func(bit int) error) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	for {
		name, err := s.readString()
		if err != nil {
			return err
		}
		bit := 0
		for _, f := range known {
			if string(name) == f.name {
				bit = f.bit
			}
		}
		if bit == 0 {
			return errAnswerField
		}
		if *seen&bit != 0 {
			return errAnswerTwice
		}
		*seen |= bit
		if err := s.expect(':'); err != nil {
			return err
		}
		if err := member(bit); err != nil {
			return err
		}
		if s.peek() != ',' {
			return s.expect('}')
		}
		s.rest = s.rest[1:]
	}
}

// readString reads a string without decoding its escapes, which no compared value needs.
func (s *scanner) readString() ([]byte, error) {
	if err := s.expect('"'); err != nil {
		return nil, err
	}
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			v := s.rest[:i]
			s.rest = s.rest[i+1:]
			return v, nil
		case c == '\\':
			i++
		case c < ' ':
			return nil, errAnswerJSON
		}
	}
	return nil, errAnswerTooShort
}

// readOneOf reads a string that must be one of names after the first, and returns its index.
func (s *scanner) readOneOf(names []string) (int, error) {
	v, err := s.readString()
	if err != nil {
		return 0, err
	}
	for i, name := range names[1:] {
		if string(v) == name {
			return i + 1, nil
		}
	}
	return 0, errAnswerUse
}

// readNumber reads an integer of at most 18 digits.
func (s *scanner) readNumber() (int64, error) {
	s.peek()
	i, sign, n := 0, int64(1), int64(0)
	if len(s.rest) > 0 && s.rest[0] == '-' {
		i, sign = 1, -1
	}
	digits := i
	for ; i < len(s.rest) && s.rest[i] >= '0' && s.rest[i] <= '9'; i++ {
		n = n*10 + int64(s.rest[i]-'0')
		if i-digits == 18 {
			return 0, errAnswerJSON
		}
	}
	if i == digits || (s.rest[digits] == '0' && i > digits+1) {
		return 0, errAnswerJSON
	}
	s.rest = s.rest[i:]
	return sign * n, nil
}

func (s *scanner) readBool() (bool, error) {
	s.peek()
	for _, word := range [...]string{"true", "false"} {
		if len(s.rest) >= len(word) && string(s.rest[:len(word)]) == word {
			s.rest = s.rest[len(word):]
			return word == "true", nil
		}
	}
	return false, errAnswerJSON
}

// readScopes reads a list of scope names.
func (s *scanner) readScopes() (set tokens.Scopes, err error) {
	if err := s.expect('['); err != nil {
		return 0, err
	}
	for {
		name, err := s.readString()
		if err != nil {
			return 0, err
		}
		scope, ok := tokens.ParseScope(name)
		if !ok {
			return 0, errAnswerScope
		}
		if set.Has(scope) {
			return 0, errAnswerTwice
		}
		set |= tokens.Scopes(scope)
		if s.peek() != ',' {
			return set, s.expect(']')
		}
		s.rest = s.rest[1:]
	}
}
