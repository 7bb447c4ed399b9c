package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/issuance/staff"
)

// command is something else than serving, asked for by one flag.
type command struct {
	name, doc string   // the flag, and what it does
	with      []string // options that may go with it
	by        bool     // it is an order: -by must name who gives it
	bare      bool     // it needs no settings
	moves     bool     // it takes a database of another stream
	run       func(ctx context.Context, j *job) error
}

// option is a flag that says more about a command.
type option struct{ name, doc string }

// takes is what a flag's value is, which its doc has between back quotes; empty: it
// is a switch.
func takes(doc string) string {
	_, rest, _ := strings.Cut(doc, "`")
	value, _, _ := strings.Cut(rest, "`")
	return value
}

// commands are all there are, in the order of the help.
func commands() []command {
	return slices.Concat(commandsToSetUp, commandsOfKeys, ordersToGates, commandsThatLift, commandsOfData, commandsOfTheTrail)
}

var options = []option{
	{"by", "with an order: `NAME` of who gives it, for the trail: of a post (night-shift), not of a person"},
	{"roles", "with -new-staff: what the credential may do, `ROLE[,ROLE]`"},
	{"at", "with -cut-off-key: `TIME` of the first session start that is no longer good; default now"},
	{"rescue", "with -cut-off-key: `FILE` of the serials that stay good under the key, one a line"},
	{"rescue-known", "with -cut-off-key: whoever has a running session in this database stays good under the key"},
	{"from", "with -use-key: `TIME` at which it begins to sign, default now; with -trail: acts from then on; with -unrevoke-by: revocations from then on"},
	{"before", "with -cut-off-subject: sessions that start before `TIME` are not good, at most 24h ahead, default now; with -trail and -archive-trail: acts before it; with -unrevoke-by: revocations before it, default now"},
	{"confirm", "with -unrevoke-by: unrevoke the `COUNT` credentials that the command without it has counted"},
	{"anchor", "with -verify-trail: `POS:HEX` as an issuer has logged it, which must still be in the chain; several with commas between"},
	{"object", "with -trail: acts on `KIND:ID` only, such as key:7 or credential:20494-17"},
	{"json", "with -trail: one JSON object a line"},
}

// commandLine is the flags that are no settings.
type commandLine struct{ flags *flag.FlagSet }

func (l *commandLine) register(f *flag.FlagSet) {
	l.flags = f
	add := func(name, doc string) {
		if takes(doc) == "" {
			f.Bool(name, false, doc)
			return
		}
		f.String(name, "", doc)
	}
	for _, c := range commands() {
		add(c.name, c.doc)
	}
	for _, o := range options {
		add(o.name, o.doc)
	}
}

// given has the flags that say something, by name; a switch has the empty text.
func (l *commandLine) given() (all map[string]string) {
	all = make(map[string]string)
	l.flags.Visit(func(f *flag.Flag) {
		text := f.Value.String()
		if s, ok := f.Value.(interface{ IsBoolFlag() bool }); ok && s.IsBoolFlag() {
			if text != "true" {
				return
			}
			text = ""
		}
		all[f.Name] = text
	})
	return all
}

// job is the command that the line asks for, nil if it asks for none.
func (l *commandLine) job(c *config, out io.Writer) (*job, error) {
	given := l.given()
	j := &job{config: c, out: out, option: make(map[string]string)}
	for _, k := range commands() {
		value, asked := given[k.name]
		switch {
		case !asked:
			continue
		case j.command.name != "":
			return nil, fmt.Errorf("-%s and -%s are different commands: give one at a time", j.command.name, k.name)
		case takes(k.doc) != "" && value == "":
			return nil, fmt.Errorf("-%s needs %s", k.name, takes(k.doc))
		}
		j.command, j.value = k, value
	}
	for _, o := range options {
		value, asked := given[o.name]
		if !asked {
			continue
		}
		if takers := takers(o.name); !slices.Contains(takers, "-"+j.command.name) {
			return nil, fmt.Errorf("-%s belongs to %s", o.name, strings.Join(takers, ", "))
		}
		if takes(o.doc) != "" && value == "" {
			return nil, fmt.Errorf("-%s needs %s", o.name, takes(o.doc))
		}
		j.option[o.name] = value
	}
	if j.command.name == "" {
		return nil, nil
	}
	if j.command.by {
		if err := staff.CheckName(j.option["by"]); err != nil {
			return nil, fmt.Errorf("-by must name who orders this: %w", err)
		}
	}
	return j, nil
}

// takers are the commands that an option may go with.
func takers(option string) (all []string) {
	for _, c := range commands() {
		if slices.Contains(c.with, option) || option == "by" && c.by {
			all = append(all, "-"+c.name)
		}
	}
	return all
}

// typed keeps the faults of what was given and leaves out those of settings that are
// missing: a bare command needs none, but a flag with a slip in its name could have
// been meant to keep a secret.
func typed(err error) error {
	var kept []error
	var walk func(error)
	walk = func(err error) {
		if all, ok := err.(interface{ Unwrap() []error }); ok {
			for _, one := range all.Unwrap() {
				walk(one)
			}
			return
		}
		if f := (*conf.Error)(nil); !errors.As(err, &f) || f.Source != "" {
			kept = append(kept, err)
		}
	}
	if err != nil {
		walk(err)
	}
	return errors.Join(kept...)
}
