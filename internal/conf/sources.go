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

// commandLine is the flags: the command's own, the general ones, one for each leaf.
type commandLine struct {
	flags      *flag.FlagSet
	secrets    bool                // no text of an argument is shown
	texts      map[*setting]string // of the settings given
	configFile *string             // nil: not given
	check      bool
}

func newCommandLine(s *schema, opts Options) (*commandLine, error) {
	c := &commandLine{flags: flag.NewFlagSet(opts.Program, flag.ContinueOnError), secrets: s.secrets, texts: make(map[*setting]string)}
	c.flags.SetOutput(io.Discard)
	c.flags.Func("config", "`FILE` to read settings from, TOML; none when empty", func(path string) error {
		c.configFile = &path
		return nil
	})
	c.flags.BoolVar(&c.check, "check", false, "check the configuration and exit")
	c.flags.Bool("version", false, "print the version and exit") // process.Main answers it; here it is for -h
	if opts.Flags != nil {
		opts.Flags(c.flags)
	}
	for _, leaf := range s.leaves {
		if c.flags.Lookup(leaf.path) != nil || leaf.path == "h" || leaf.path == "help" {
			return nil, fmt.Errorf("conf: the setting %s has the name of another flag", leaf.path)
		}
		// Every text is kept until the file and the environment were read. A refused one,
		// secret or not, would be in the error of flag.FlagSet, which would stop there.
		keep := func(text string) error { c.texts[leaf] = text; return nil }
		if leaf.kind == kindBool {
			c.flags.BoolFunc(leaf.path, leaf.doc, keep)
		} else {
			c.flags.Func(leaf.path, leaf.doc, keep)
		}
	}
	return c, nil
}

// parse goes on after a fault, to find them all.
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
			faults = append(faults, &Error{Source: "argument", Err: fmt.Errorf("expected flags only, got a word that belongs to none: %s", text)})
			rest = rest[1:]
		}
		args = rest
	}
	return faults, false
}

// flagFault puts a fault of the flag package in words and says where to go on.
// Its errors have no types, so their text tells them apart.
func flagFault(err error, args, rest []string) ([]string, error) {
	switch text := err.Error(); {
	case strings.HasPrefix(text, "bad flag syntax"):
		// The package repeats the whole argument here, and leaves it in rest.
		return rest[1:], errors.New("expected -name or -name=value; -h lists the names")
	case strings.HasPrefix(text, "flag provided but not defined"):
		// The word after an unknown flag is most likely its value.
		unknown := args[len(args)-len(rest)-1]
		if len(rest) > 0 && !strings.Contains(unknown, "=") && !strings.HasPrefix(rest[0], "-") {
			rest = rest[1:]
		}
	}
	return rest, fmt.Errorf("%w; -h lists the names", err)
}

// environment picks the settings out of environ. Its faults name variables, never
// their values: an unknown one may hold a misspelled secret.
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

// Kubernetes sets variables for every service of a namespace. Those of a service named
// like the program, or with more behind the name, begin with the program's prefix. Their
// names are told from settings by their ends, and by values that no setting has there:
// addresses, ports, and both.
var kubernetes = regexp.MustCompile(`^(?:[A-Z0-9_]+_)?(?:SERVICE_HOST=(.+)|SERVICE_PORT(?:_[A-Z0-9_]+)?=([1-9]\d*)|PORT(?:_\d+_(?:TCP|UDP|SCTP))?=(?:tcp|udp|sctp)://(.+:[1-9]\d*)|` +
	`PORT_\d+_(?:TCP|UDP|SCTP)_(?:ADDR=(.+)|PORT=([1-9]\d*)|PROTO=(?:tcp|udp|sctp)))$`)

// injected reports whether an entry, without the prefix, is one that Kubernetes sets.
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
