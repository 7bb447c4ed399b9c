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
		if _, err := io.WriteString(out, helpText(s, opts, line)); err != nil {
			return Extra{}, err
		}
		return Extra{}, flag.ErrHelp
	}
	env, envFaults := s.environment(environ, opts.EnvPrefix)

	extra := Extra{Check: line.check, ConfigFile: env.configFile}
	if line.given["config"] {
		extra.ConfigFile = line.configFile
	}
	var f faults
	readable := true
	if extra.ConfigFile != "" {
		f, readable = s.readFile(extra.ConfigFile)
	}
	f = append(f, envFaults...)
	for _, v := range env.values {
		f.set(v.setting, v.source, v.text)
	}
	f = append(f, flagFaults...)
	for _, v := range line.values() {
		f.set(v.setting, v.source, v.text)
	}
	// After an unreadable file, required values would be called missing that
	// are in it.
	if v, ok := dst.(interface{ Validate() error }); ok && readable {
		f.addNew(v.Validate())
	}
	return extra, f.join()
}

// textValue is one value from outside the file.
type textValue struct {
	setting *setting
	source  string
	text    string
}

type environment struct {
	configFile string
	values     []textValue
}

// environment picks the settings out of environ. Its faults name variables, never
// their values: an unknown one may hold a misspelled secret.
func (s *schema) environment(environ []string, prefix string) (environment, faults) {
	var env environment
	var f faults
	for _, entry := range environ {
		name, text, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, prefix+"_") {
			continue
		}
		switch set := s.byEnv[name]; {
		case name == prefix+"_CONFIG":
			env.configFile = text
		case set != nil:
			env.values = append(env.values, textValue{set, "environment " + name, text})
		case injected(strings.TrimPrefix(name, prefix), text):
		default:
			f.add(&Error{Source: "environment " + name, Err: errors.New("there is no such setting; -h lists the names")})
		}
	}
	return env, f
}

// structOf is the struct behind dst.
func structOf(dst any) (reflect.Value, error) {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return v, errors.New("conf: the destination must be a pointer to a struct")
	}
	return v.Elem(), nil
}
