package conf

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// kindWords has a kind's placeholder in help and its name in errors.
var kindWords = map[kind]struct{ placeholder, expected string }{
	kindString:   {"STRING", "a string"},
	kindBool:     {"", "true or false"},
	kindInt:      {"INT", "a whole number of at most 64 bits"},
	kindFloat:    {"NUMBER", "a finite number"},
	kindDuration: {"DURATION", `a duration such as "5s" or "1m30s"`},
	kindList:     {"LIST", "a list of strings"},
	kindText:     {"TEXT", "a string"},
	kindTable:    {"", "a table"},
	kindTables:   {"", "an array of tables"},
}

// setText parses a value from a flag or the environment.
func (s *setting) setText(text string) error {
	var parsed any
	var err error
	switch s.kind {
	case kindInt:
		parsed, err = strconv.ParseInt(text, 10, 64)
	case kindFloat:
		parsed, err = strconv.ParseFloat(text, 64)
	case kindBool:
		if text != "true" && text != "false" {
			err = errors.New("not a boolean")
		}
		parsed = text == "true"
	case kindList:
		parsed, err = splitList(text)
	default:
		parsed = text
	}
	if err != nil || !s.assign(parsed) {
		return s.unexpected(quoted(text))
	}
	return s.setUnmarshaler(parsed)
}

// setTOML takes a value of the file as the TOML library gives it.
func (s *setting) setTOML(v any) error {
	if s.kind == kindDuration || s.kind == kindText {
		if text, ok := v.(string); ok {
			return s.setText(text)
		}
		return s.unexpected(tomlType(v))
	}
	if !s.assign(v) {
		return s.unexpected(tomlType(v))
	}
	return nil
}

// assign stores v when it is of the setting's kind. kindText is stored by
// setUnmarshaler, since its error has something to say.
func (s *setting) assign(v any) bool {
	switch v := v.(type) {
	case string:
		switch s.kind {
		case kindString:
			s.value.SetString(v)
			return true
		case kindDuration:
			d, err := time.ParseDuration(v)
			s.value.SetInt(int64(d))
			return err == nil
		}
		return s.kind == kindText
	case bool:
		if s.kind == kindBool {
			s.value.SetBool(v)
			return true
		}
	case int64:
		if s.kind == kindFloat {
			return s.assign(float64(v)) // 1 is a fine way to write 1.0
		}
		if s.kind == kindInt && !s.value.OverflowInt(v) {
			s.value.SetInt(v)
			return true
		}
	case float64:
		// NaN would slip through every later comparison with a bound.
		if s.kind == kindFloat && !math.IsNaN(v) && !math.IsInf(v, 0) {
			s.value.SetFloat(v)
			return true
		}
	case []any:
		return s.kind == kindList && s.assignList(v)
	}
	return false
}

func (s *setting) assignList(v []any) bool {
	list := reflect.Zero(s.value.Type())
	for _, element := range v {
		text, ok := element.(string)
		if !ok {
			return false
		}
		list = reflect.Append(list, reflect.ValueOf(text).Convert(s.value.Type().Elem()))
	}
	s.value.Set(list)
	return true
}

// setUnmarshaler gives text to a fresh value, so that nothing of an overridden
// one stays behind.
func (s *setting) setUnmarshaler(text any) error {
	if s.kind != kindText {
		return nil
	}
	fresh := reflect.New(s.value.Type())
	err := fresh.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text.(string)))
	if err != nil && s.secret {
		return errors.New("the value is not accepted; it is secret and not shown")
	}
	if err != nil {
		return fmt.Errorf("%s is not accepted: %w", quoted(text.(string)), err)
	}
	s.value.Set(fresh.Elem())
	return nil
}

// splitList splits at commas; "" is the empty list, since there is no other way
// to write it. An empty element is a typing error.
func splitList(text string) ([]any, error) {
	if text == "" {
		return nil, nil
	}
	var list []any
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			return nil, errors.New("empty element")
		}
		list = append(list, part)
	}
	return list, nil
}

func (s *setting) unexpected(got string) error {
	if s.secret {
		got = "something else; it is secret and not shown"
	}
	return fmt.Errorf("expected %s, got %s", kindWords[s.kind].expected, got)
}

// maxQuoted bounds how much of a wrong value an error repeats, bytes.
const maxQuoted = 60

func quoted(text string) string {
	if len(text) > maxQuoted {
		return strconv.Quote(text[:maxQuoted]) + "..."
	}
	return strconv.Quote(text)
}

// tomlType names what stands in the file without repeating it.
func tomlType(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case int64:
		return "an integer"
	case float64:
		return "a float"
	case time.Time:
		return "a date or time"
	case []any:
		return "an array"
	case []map[string]any:
		return "an array of tables"
	}
	return "a table"
}

// text is a value as a flag would spell it, strings quoted: what help shows.
func (s *setting) text() string {
	switch s.kind {
	case kindText:
		if m, ok := s.value.Addr().Interface().(encoding.TextMarshaler); ok {
			if b, err := m.MarshalText(); err == nil {
				return strconv.Quote(string(b))
			}
		}
	case kindString:
		return strconv.Quote(s.value.String())
	case kindList:
		var parts []string
		for i := range s.value.Len() {
			parts = append(parts, s.value.Index(i).String())
		}
		return strconv.Quote(strings.Join(parts, ","))
	}
	return fmt.Sprint(s.value.Interface())
}
