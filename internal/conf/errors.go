package conf

import (
	"errors"
	"reflect"
	"strings"
)

// Error is one fault in the configuration.
type Error struct {
	Source string // "FILE:LINE" (FILE alone where the line is not certain), "flag", "environment NAME"; "" from Validate
	Path   string // "kafka.brokers", "lanes[0].name"; "" when the fault belongs to no setting
	Err    error  // what was expected and, unless secret, what was found
}

func (e *Error) Error() string {
	text := e.Err.Error()
	if e.Path != "" {
		text = e.Path + ": " + text
	}
	if e.Source != "" {
		text = e.Source + ": " + text
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// Field says which setting a Validate method complains about; nil stays nil.
// Fields nest and joined errors are told apart, so that a table can validate
// itself: Field("kafka", c.Kafka.Validate()) reports kafka.brokers and
// kafka.timeout on a line each. An element of a list is Field("lanes[0]", err).
func Field(path string, err error) error {
	var all []error
	for _, err := range flatten(err) {
		fault := &Error{Path: path, Err: err}
		if inner, ok := err.(*Error); ok {
			fault = &Error{Source: inner.Source, Path: joinPath(path, inner.Path), Err: inner.Err}
		}
		all = append(all, fault)
	}
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}

func joinPath(table, name string) string {
	if table == "" || name == "" || strings.HasPrefix(name, "[") {
		return table + name
	}
	return table + "." + name
}

// joinType tells errors.Join from errors that wrap several others in a
// sentence of their own, which must stay whole.
var joinType = reflect.TypeOf(errors.Join(errors.New("")))

func flatten(err error) []error {
	if err == nil {
		return nil
	}
	if reflect.TypeOf(err) != joinType {
		return []error{err}
	}
	var all []error
	for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
		all = append(all, flatten(err)...)
	}
	return all
}

// faults collects errors; the order is that of finding them.
type faults []error

func (f *faults) add(err error) { *f = append(*f, err) }

// set parses text into a setting.
func (f *faults) set(s *setting, source, text string) {
	if err := s.setText(text); err != nil {
		f.add(&Error{Source: source, Path: s.path, Err: err})
	}
}

// addNew adds those faults whose setting has none yet: a value that could not
// be read still holds its default, and a complaint about that would mislead.
func (f *faults) addNew(err error) {
	known := make(map[string]bool)
	for _, err := range *f {
		if e, ok := err.(*Error); ok && e.Path != "" {
			known[e.Path] = true
		}
	}
	for _, err := range flatten(err) {
		if e, ok := err.(*Error); !ok || !known[e.Path] {
			f.add(err)
		}
	}
}

func (f faults) join() error { return errors.Join(f...) }
