package conf

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// commandLine contains the flags: those of the command, the general ones, and one per
// leaf.
type commandLine struct {
	flags      *flag.FlagSet
	secrets    bool                // errors must not contain arguments
	texts      map[*setting]string // texts of the given settings
	configFile *string             // nil: not given
	check      bool
}

func newCommandLine(s *schema, opts Options) (*commandLine, error) {
	c := &commandLine{flags: flag.NewFlagSet(opts.Program, flag.ContinueOnError), secrets: s.secrets, texts: make(map[*setting]string)}
	c.flags.SetOutput(io.Discard)
	c.flags.Func("config", "TOML `FILE` to read settings from; empty: no file", func(path string) error {
		c.configFile = &path
		return nil
	})
	c.flags.BoolVar(&c.check, "check", false, "check the configuration and exit")
	c.flags.Bool("version", false, "print the version and exit") // only for -h: process.Main handles the flag
	if opts.Flags != nil {
		opts.Flags(c.flags)
	}
	for _, leaf := range s.leaves {
		if c.flags.Lookup(leaf.path) != nil || leaf.path == "h" || leaf.path == "help" {
			return nil, fmt.Errorf("conf: the setting %s has the name of another flag", leaf.path)
		}
		// Texts are stored and parsed after the file and the environment. If they were
		// parsed here, flag.FlagSet would stop at the first error and include the text,
		// which may be a secret.
		store := func(text string) error { c.texts[leaf] = text; return nil }
		if leaf.kind == kindBool {
			c.flags.BoolFunc(leaf.path, leaf.doc, store)
		} else {
			c.flags.Func(leaf.path, leaf.doc, store)
		}
	}
	return c, nil
}

// parse parses the arguments. It continues after a fault to find all of them.
func (c *commandLine) parse(args []string) (faults []error, help bool) {
	for len(args) > 0 {
		err := c.flags.Parse(args)
		rest := c.flags.Args()
		switch {
		case errors.Is(err, flag.ErrHelp):
			return nil, true
		case err != nil:
			rest, err = flagFault(err, args, rest)
			faults = append(faults, &Error{Source: "flag", Err: err})
		case len(rest) > 0:
			text := "the text is not shown, since it may be a secret"
			if !c.secrets {
				text = quoted(rest[0])
			}
			faults = append(faults, &Error{Source: "argument", Err: fmt.Errorf("expected only flags, got another argument: %s", text)})
			rest = rest[1:]
		}
		args = rest
	}
	return faults, false
}

// flagFault rewrites an error of the flag package and returns the arguments to continue
// with. The package's errors have no types, so their texts are compared.
func flagFault(err error, args, rest []string) ([]string, error) {
	switch text := err.Error(); {
	case strings.HasPrefix(text, "bad flag syntax"):
		// The package's error contains the whole argument, and rest begins with it.
		return rest[1:], errors.New("expected -name or -name=value; -h lists the names")
	case strings.HasPrefix(text, "flag provided but not defined"):
		// The argument after an unknown flag is most likely its value.
		unknown := args[len(args)-len(rest)-1]
		if len(rest) > 0 && !strings.Contains(unknown, "=") && !strings.HasPrefix(rest[0], "-") {
			rest = rest[1:]
		}
	}
	return rest, fmt.Errorf("%w; -h lists the names", err)
}

// environment selects the settings from environ. Its faults contain names of variables
// and never their values: a variable with a misspelled name may contain a secret.
func (s *schema) environment(environ []string, prefix string) (texts map[*setting]string, configFile string, faults []error) {
	texts = make(map[*setting]string)
	for _, entry := range environ {
		rest, ours := strings.CutPrefix(entry, prefix+"_")
		if !ours {
			continue
		}
		name, text, _ := strings.Cut(entry, "=")
		i := slices.IndexFunc(s.leaves, func(leaf *setting) bool { return leaf.env == name })
		switch {
		case name == prefix+"_CONFIG":
			configFile = text
		case i >= 0:
			texts[s.leaves[i]] = text
		case !injected(rest):
			faults = append(faults, &Error{Source: "environment " + name, Err: errors.New("there is no such setting; -h lists the names")})
		}
	}
	return texts, configFile, faults
}

// kubernetes matches variables that Kubernetes sets for the services of a namespace. The
// variables of a service whose name begins with the program's name have the program's
// prefix. They differ from settings by the ends of their names, and by their values:
// addresses, ports, and both.
var kubernetes = regexp.MustCompile(`^(?:[A-Z0-9_]+_)?(?:SERVICE_HOST=(.+)|SERVICE_PORT(?:_[A-Z0-9_]+)?=([1-9]\d*)|PORT(?:_\d+_(?:TCP|UDP|SCTP))?=(?:tcp|udp|sctp)://(.+:[1-9]\d*)|` +
	`PORT_\d+_(?:TCP|UDP|SCTP)_(?:ADDR=(.+)|PORT=([1-9]\d*)|PROTO=(?:tcp|udp|sctp)))$`)

// injected reports whether Kubernetes sets the entry, which is given without the prefix.
func injected(entry string) bool {
	m := kubernetes.FindStringSubmatch(entry)
	if m == nil {
		return false
	}
	var err error
	switch host, port, both := m[1]+m[4], m[2]+m[5], m[3]; {
	case host != "":
		_, err = netip.ParseAddr(host)
	case port != "":
		_, err = strconv.ParseUint(port, 10, 16)
	case both != "":
		_, err = netip.ParseAddrPort(both)
	}
	return err == nil
}
