// Package conf reads the configuration of railgate commands: one TOML file, the
// environment and flags, all described by the tags of one struct.
//
//	type Config struct {
//		Listen string `toml:"listen" doc:"public address, host:port"`
//		Kafka  struct {
//			Brokers []string      `toml:"brokers" doc:"bootstrap brokers, host:port"`
//			Timeout time.Duration `toml:"timeout" doc:"longest wait for an answer; 0: no limit"`
//		} `toml:"kafka" doc:"the control stream"`
//	}
//
// In this example brokers is set by the key brokers of [kafka] in the file, the flag
// -kafka.brokers, and PREFIX_KAFKA_BROKERS in the environment. A flag overrides the
// environment, the environment overrides the file, the file overrides the default.
//
// The package ignores no input: an unknown key, flag or PREFIX_ name, a value of
// another type and an additional argument are errors. All errors are reported together,
// each with its source and key. An overridden value must be valid, too. Errors of this
// package and the help text do not contain values tagged secret:"value".
//
// The package does not read the files that settings name and does not watch for
// changes. A name that is set but empty is an empty value, and only true and false are
// booleans. Variables that Kubernetes adds for a service of the program's name, such as
// PREFIX_SERVICE_HOST, are ignored.
package conf

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Options describes the command. Program and EnvPrefix are required.
type Options struct {
	Program      string              // name of the command, such as "railgate-gateway"
	About        string              // purpose of the command: the first lines of -h
	EnvPrefix    string              // without the last underscore, such as "RAILGATE_GATEWAY"
	Flags        func(*flag.FlagSet) // registers flags that are not settings; may be nil
	SkipValidate func() bool         // called after flags are parsed; true skips Validate; may be nil
}

// Extra contains the results of the command line other than settings.
type Extra struct {
	Check      bool   // -check: the caller exits; a nil error means that the configuration is valid
	ConfigFile string // path as given; "" if there is no file
}

// Load fills dst, a pointer to a struct with the defaults. args are the arguments
// without the program's name, environ is os.Environ().
//
// Fields are string, bool, int, int64, float64, time.Duration, []string, or any
// type whose pointer is an [encoding.TextUnmarshaler]. Structs are tables. Slices of
// structs are arrays of tables, which only the file can fill and whose elements start
// from zero values. A list replaces its default; an empty list becomes nil. In flags
// and the environment a list is separated by commas. Each exported field needs a toml
// tag and each leaf a doc tag; toml:"-" hides a field.
//
// If dst has a method Validate() error, Load calls it last, after storing all readable
// values. Validate reports faults with [Field] and must not include secrets.
//
// With -h Load writes the help to out and returns [flag.ErrHelp]. Any other error joins
// one [Error] per fault, one line each; dst must not be used then.
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
	validated := opts.SkipValidate == nil || !opts.SkipValidate()
	env, configFile, envFaults := s.environment(environ, opts.EnvPrefix)
	if line.configFile != nil {
		configFile = *line.configFile
	}
	var faults []error
	if configFile != "" {
		// If the file is not readable, Validate would report its values as missing.
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

// setAll parses the texts of one source into their settings, in the order of the struct.
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

// unreported returns the faults in err whose setting has no fault yet. A value that
// could not be read still has its default, and a fault about the default would mislead.
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
	Source string // "FILE:LINE" (FILE if the line is not certain), "flag", "environment NAME"; "" from Validate
	Path   string // "kafka.brokers", "doors[0].name"; "" if the fault concerns no setting
	Err    error  // the expected and, unless secret, the actual value
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

// Faults collects the faults that a Validate method finds.
type Faults []error

// Need adds a fault of the setting at path unless ok is true.
func (f *Faults) Need(ok bool, path, format string, args ...any) {
	if !ok {
		f.Add(path, fmt.Errorf(format, args...))
	}
}

// Add adds Field(path, err). A nil err adds no fault.
func (f *Faults) Add(path string, err error) { *f = append(*f, Field(path, err)) }

// Join joins the faults to one error, or nil if there are none.
func (f Faults) Join() error { return errors.Join(f...) }

// Field returns err as a fault of the setting at path, for use in Validate methods. It
// returns nil for nil. Fields nest and joined errors are separated, so a table can
// validate itself: Field("kafka", c.Kafka.Validate()) reports kafka.brokers and
// kafka.timeout on separate lines. An element of a list is Field("doors[0]", err).
// Packages that do not import conf can return an error with a method Setting, which
// returns the name of the setting.
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

// joinType is the type of joined errors. Other errors that wrap several errors have a
// text of their own and must not be separated.
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
