// Package conf is how every railgate command reads its configuration: one TOML
// file, the environment and flags, all described by the tags of one struct.
//
//	type Config struct {
//		Listen string `toml:"listen" doc:"public address, host:port"`
//		Kafka  struct {
//			Brokers []string      `toml:"brokers" doc:"first brokers to ask, host:port"`
//			Timeout time.Duration `toml:"timeout" doc:"longest wait for one answer; 0 waits for ever"`
//		} `toml:"kafka" doc:"the control stream"`
//	}
//
// brokers is then the key brokers of [kafka] in the file, the flag
// -kafka.brokers, and PREFIX_KAFKA_BROKERS in the environment. A flag beats the
// environment, the environment beats the file, the file beats the default.
//
// It promises that nothing is ignored: an unknown key, flag or PREFIX_ name, a
// value of another type and a stray argument are errors, and all that were
// found are reported together, each with its place and key. An overridden value
// must be right too. A value tagged secret:"value" is in no error of this
// package and not in the help text.
//
// It does not read the files that settings name, does not watch for changes,
// and does not guess: a name that is set but empty is an empty value, and no
// spelling other than true and false is a boolean. The variables that Kubernetes
// adds for a service of the program's name, such as PREFIX_SERVICE_HOST, are passed
// over.
package conf

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Options describes the command to its operator. Program and EnvPrefix are
// required.
type Options struct {
	Program   string              // as typed, such as "railgate-gateway"
	About     string              // what the command does: the first lines of -h
	EnvPrefix string              // without the last underscore, such as "RAILGATE_GATEWAY"
	Flags     func(*flag.FlagSet) // registers flags that are no settings; may be nil
	Loose     func() bool         // asked when flags are parsed: whether Validate is left out, since no setting is needed; may be nil
}

// Extra is what the command line says beside the settings.
type Extra struct {
	Check      bool   // -check: the caller exits now, since a nil error means all is well
	ConfigFile string // path as given; "" when there is no file
}

// Load fills dst, a pointer to a struct that holds the defaults. args are the
// arguments without the program's name, environ is os.Environ().
//
// Fields are string, bool, int, int64, float64, time.Duration, []string, or any
// type whose pointer is an encoding.TextUnmarshaler; structs are tables; slices
// of structs are arrays of tables, which only the file can fill and whose
// elements start from zero values. A list replaces its default; an empty list
// becomes nil. In flags and the environment a list is separated by commas. Each
// exported field has a toml tag and each leaf a doc tag; toml:"-" hides a field.
//
// A Validate() error method of dst is called last, with all values that could
// be read in place. It reports through Field and keeps secrets to itself.
//
// With -h the help goes to out and the error is flag.ErrHelp. Any other error
// joins one Error for each fault, one line each; dst is then of no use.
func Load(dst any, opts Options, args, environ []string, out io.Writer) (Extra, error) {
	s, err := newSchema(dst, opts)
	if err != nil {
		return Extra{}, err
	}
	line, err := newCommandLine(s, opts)
	if err != nil {
		return Extra{}, err
	}
	flagFaults, help := line.parse(args)
	if help {
		if _, err := io.WriteString(out, helpText(s, opts, line.flags)); err != nil {
			return Extra{}, err
		}
		return Extra{}, flag.ErrHelp
	}
	validated := opts.Loose == nil || !opts.Loose()
	env, configFile, envFaults := s.environment(environ, opts.EnvPrefix)
	if line.configFile != nil {
		configFile = *line.configFile
	}
	var faults []error
	if configFile != "" {
		// After an unreadable file, required values would be called missing that
		// are in it.
		var readable bool
		faults, readable = s.readFile(configFile)
		validated = validated && readable
	}
	faults = append(faults, envFaults...)
	faults = append(faults, s.setAll(env, func(leaf *setting) string { return "environment " + leaf.env })...)
	faults = append(faults, flagFaults...)
	faults = append(faults, s.setAll(line.texts, func(*setting) string { return "flag" })...)
	if v, ok := dst.(interface{ Validate() error }); ok && validated {
		faults = append(faults, unreported(faults, v.Validate())...)
	}
	return Extra{Check: line.check, ConfigFile: configFile}, errors.Join(faults...)
}

// setAll parses the texts of one source into their settings, in the struct's order.
func (s *schema) setAll(texts map[*setting]string, source func(*setting) string) (faults []error) {
	for _, leaf := range s.leaves {
		if text, given := texts[leaf]; given {
			if err := leaf.set(text); err != nil {
				faults = append(faults, &Error{Source: source(leaf), Path: leaf.path, Err: err})
			}
		}
	}
	return faults
}

// unreported are those faults in err whose setting has none yet: a value that could
// not be read still holds its default, and a complaint about that would mislead.
func unreported(faults []error, err error) (fresh []error) {
	known := make(map[string]bool)
	for _, err := range faults {
		known[err.(*Error).Path] = true
	}
	for _, err := range flatten(err) {
		if e, ok := err.(*Error); !ok || e.Path == "" || !known[e.Path] {
			fresh = append(fresh, err)
		}
	}
	return fresh
}

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

// Faults is what a Validate method finds.
type Faults []error

// Need adds a fault of the setting at path unless ok.
func (f *Faults) Need(ok bool, path, format string, args ...any) {
	if !ok {
		f.Add(path, fmt.Errorf(format, args...))
	}
}

// Add adds Field(path, err); nil adds nothing.
func (f *Faults) Add(path string, err error) { *f = append(*f, Field(path, err)) }

// Join is all of them as one error; nil: there are none.
func (f Faults) Join() error { return errors.Join(f...) }

// Field says which setting a Validate method complains about; nil stays nil.
// Fields nest and joined errors are told apart, so that a table can validate
// itself: Field("kafka", c.Kafka.Validate()) reports kafka.brokers and
// kafka.timeout on a line each. An element of a list is Field("lanes[0]", err).
// An error with a method Setting, of a package that does not know this one, is about
// the setting that it names.
func Field(path string, err error) error {
	var all []error
	for _, err := range flatten(err) {
		inner := &Error{Err: err}
		switch err := err.(type) {
		case *Error:
			inner = err
		case interface {
			Setting() string
			Unwrap() error
		}:
			inner = &Error{Path: err.Setting(), Err: err.Unwrap()}
		}
		all = append(all, &Error{Source: inner.Source, Path: joinPath(path, inner.Path), Err: inner.Err})
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
