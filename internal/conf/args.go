package conf

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// commandLine is the flags: the command's own, the general ones, one for each leaf.
type commandLine struct {
	set        *flag.FlagSet
	schema     *schema
	texts      map[string]*flagText // by flag name, settings only
	given      map[string]bool
	check      bool
	configFile string
}

// flagText keeps what a flag says until the file and the environment were read.
// It accepts everything: flag.FlagSet would put a refused value, secret or not,
// into its error, and stop there.
type flagText struct {
	setting *setting
	text    string
}

func (f *flagText) String() string        { return "" }
func (f *flagText) Set(text string) error { f.text = text; return nil }
func (f *flagText) IsBoolFlag() bool      { return f.setting != nil && f.setting.kind == kindBool }

func newCommandLine(s *schema, opts Options) (*commandLine, error) {
	c := &commandLine{
		set:    flag.NewFlagSet(opts.Program, flag.ContinueOnError),
		schema: s, texts: make(map[string]*flagText), given: make(map[string]bool),
	}
	c.set.SetOutput(io.Discard)
	c.set.StringVar(&c.configFile, "config", "", "`FILE` to read settings from, TOML; none when empty")
	c.set.BoolVar(&c.check, "check", false, "check the configuration and exit")
	c.set.Bool("version", false, "print the version and exit") // process.Main answers it; here it is for -h
	if opts.Flags != nil {
		opts.Flags(c.set)
	}
	for _, leaf := range s.leaves {
		if c.set.Lookup(leaf.path) != nil || leaf.path == "h" || leaf.path == "help" {
			return nil, fmt.Errorf("conf: the setting %s has the name of another flag", leaf.path)
		}
		c.texts[leaf.path] = &flagText{setting: leaf}
		c.set.Var(c.texts[leaf.path], leaf.path, leaf.doc)
	}
	return c, nil
}

// parse goes on after a fault, to find them all.
func (c *commandLine) parse(args []string) (f faults, help bool) {
	for len(args) > 0 {
		err := c.set.Parse(args)
		rest := c.set.Args()
		switch {
		case errors.Is(err, flag.ErrHelp):
			return nil, true
		case err != nil:
			var fault error
			rest, fault = flagFault(err, args, rest)
			f.add(&Error{Source: "flag", Err: fault})
		case len(rest) > 0:
			text := "the text is not shown, since it may be a secret"
			if !c.schema.secrets {
				text = quoted(rest[0])
			}
			f.add(&Error{Source: "argument", Err: fmt.Errorf("expected flags only, got a word that belongs to none: %s", text)})
			rest = rest[1:]
		}
		args = rest
	}
	c.set.Visit(func(f *flag.Flag) { c.given[f.Name] = true })
	return f, false
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

// values are the settings that the command line gives, in the struct's order.
func (c *commandLine) values() []textValue {
	var all []textValue
	for _, leaf := range c.schema.leaves {
		if c.given[leaf.path] {
			all = append(all, textValue{leaf, "flag", c.texts[leaf.path].text})
		}
	}
	return all
}
