package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/railgate/railgate/issuance/staff"
)

// command is one task that the program runs instead of serving, chosen by a flag.
type command struct {
	name, doc string   // flag name and help
	with      []string // options that the command accepts
	by        bool     // -by is required: the audit log records the command
	bare      bool     // needs no settings
	moves     bool     // accepts a database that belongs to another stream
	run       func(ctx context.Context, inv *invocation) error
}

// option is a flag that modifies a command.
type option struct{ name, doc string }

// valueName returns the name of a flag's value, which its doc has in back quotes.
// It is empty for a switch.
func valueName(doc string) string {
	_, rest, _ := strings.Cut(doc, "`")
	value, _, _ := strings.Cut(rest, "`")
	return value
}

// commands lists every command, in the order of the help.
func commands() []command {
	return slices.Concat(setupCommands, keyCommands, streamCommands, gatewayCommands, unrevokeCommands, dataCommands, auditLogCommands)
}

var options = []option{
	{"by", "`NAME` recorded in the audit log for this command: a role such as night-shift, not a person"},
	{"roles", "with -new-staff: roles of the credential, `ROLE[,ROLE]`"},
	{"at", "with -distrust-key: refuse sessions that start at `TIME` or later; default now"},
	{"exempt", "with -distrust-key: `FILE` of the serials whose sessions stay valid under the key, one per line"},
	{"exempt-known", "with -distrust-key: credentials with an active session in this database stay valid under the key"},
	{"from", "with -activate-key: sign from `TIME` on, default now; with -audit-log: entries from TIME on; with -unrevoke-by: revocations from TIME on; with -withdraw-gateway: refuse what the gateway dates at TIME or later, default now"},
	{"before", "with -revoke-subject: end sessions that start before `TIME`, at most 24h ahead, default now; with -audit-log and -archive-audit-log: entries before TIME; with -unrevoke-by: revocations before TIME, default now"},
	{"confirm", "with -unrevoke-by: unrevoke the `COUNT` credentials that the command printed without this flag"},
	{"anchor", "with -verify-audit-log: `POS:HEX` from an issuer's log; the chain must contain it; separate several with commas"},
	{"object", "with -audit-log: only entries about `KIND:ID`, such as key:7 or credential:20494-17"},
	{"json", "with -audit-log: print one JSON object per line"},
}

// commandLine holds the flags that are not settings.
type commandLine struct{ flags *flag.FlagSet }

func (l *commandLine) register(f *flag.FlagSet) {
	l.flags = f
	add := func(name, doc string) {
		if valueName(doc) == "" {
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

// given returns the flags on the command line by name; a switch has the empty value.
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

// invocation returns the command on the command line, nil if there is none.
func (l *commandLine) invocation(c *config, out io.Writer) (*invocation, error) {
	given := l.given()
	inv := &invocation{config: c, out: out, option: make(map[string]string)}
	for _, k := range commands() {
		value, asked := given[k.name]
		switch {
		case !asked:
			continue
		case inv.command.name != "":
			return nil, fmt.Errorf("-%s and -%s are different commands: give one at a time", inv.command.name, k.name)
		case valueName(k.doc) != "" && value == "":
			return nil, fmt.Errorf("-%s needs %s", k.name, valueName(k.doc))
		}
		inv.command, inv.value = k, value
	}
	for _, o := range options {
		value, asked := given[o.name]
		if !asked {
			continue
		}
		if all := commandsWith(o.name); !slices.Contains(all, "-"+inv.command.name) {
			return nil, fmt.Errorf("-%s belongs to %s", o.name, strings.Join(all, ", "))
		}
		if valueName(o.doc) != "" && value == "" {
			return nil, fmt.Errorf("-%s needs %s", o.name, valueName(o.doc))
		}
		inv.option[o.name] = value
	}
	if inv.command.name == "" {
		return nil, nil
	}
	if inv.command.by {
		if err := staff.CheckName(inv.option["by"]); err != nil {
			return nil, fmt.Errorf("-by must name the operator for the audit log: %w", err)
		}
	}
	return inv, nil
}

// commandsWith lists the commands that accept an option.
func commandsWith(option string) (all []string) {
	for _, c := range commands() {
		if slices.Contains(c.with, option) || option == "by" && c.by {
			all = append(all, "-"+c.name)
		}
	}
	return all
}
