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

// usage heads the help; the flags below it have the details.
const usage = `Issues electronic temporary IDs: applications, face checks, viewing sessions, revocation.

  railgate-issuer -init DIR                    make the keys, print the authority's public key
  railgate-issuer -config issuer.toml          run
  railgate-issuer -config issuer.toml -check   validate the settings, say what is not good, and exit

All else below is done and then exits, beside a running issuer or without one. Put
"railgate-issuer -config issuer.toml" before it; what has -by is an order and stands in the
audit log. TIME is RFC 3339, such as 2026-02-10T08:00:00+08:00.

To set up
  -new-staff NAME -roles ROLE,ROLE       a credential and its entry for the file; roles are window,
                                         agency, police, operator, ticketing, authority,
                                         machine
  -new-provider-secret FILE               a secret to share with an outside service
  -encrypt-keys                                  the key directory comes under the passphrase
  -re-encrypt-keys FILE                      and under another one
  -probe http://127.0.0.1:9081/readyz    exit 0 if that answers 200

Issuer keys, one after the other: new, in the stream, key_lead later in service; then the old
one rests, and half an hour later it can be retired
  -list-keys                             how far each has come
  -by NAME -new-key                      make one and announce it to every gate
  -by NAME -announce-key ID              announce one that lies in the directory
  -by NAME -activate-key ID [-from TIME]      it signs from then on; also an older one again
  -by NAME -deactivate-key ID                  it signs nothing more
  -by NAME -retire-key ID                its announcement ends, its secret is destroyed

Orders to every gate: committed to the database, then waited for, at most a minute, until they
are published
  -by NAME -distrust-key ID [-at TIME] [-exempt FILE] [-exempt-known]
      a key leaked: sessions that start under it at TIME or later are refused, but for those of
      exempted credentials; rescue few, since a thief can use their serials, too
  -by NAME -revoke-subject HEX [-before TIME]
      end a passenger's sessions that start before TIME
  -by NAME -republish
      database and log came back from a backup together: say everything in force again
  -by NAME -move-stream
      kafka.topic or kafka.partitions was changed on purpose, and every issuer is stopped

Locks and mass revocations
  -by NAME -clear-lockouts FILE              forget the failures of login names and documents; FILE has lines
                                         such as "login NAME" and "document resident_id NUMBER"
  -by NAME -unrevoke-by STAFF -from TIME [-before TIME] [-confirm COUNT]
      a staff credential was stolen: counts what it revoked, and with the COUNT unrevokes that, but
      for what others revoked, too, and what a newer credential took the place of

Data
  -by NAME -new-field-key                a key that seals personal data from the next start on
  -by NAME -re-encrypt-data                  bring what lies under older ones under it
  -by NAME -drop-field-key N             destroy one under which nothing lies any more
  -by NAME -backup FILE                  a checked copy of the SQLite database, in use or not
  -by NAME -after-restore                before the first start on a database from a backup
  -by NAME -erase-now                    applications of more than 31 days ago, and those never checked after 2

Audit log
  -verify-audit-log [-anchor POS:HEX,...]    exit 0 if its chain holds, 1 with the first broken place
  -by NAME -audit-log [-from TIME] [-before TIME] [-object KIND:ID] [-json]
  -by NAME -archive-audit-log FILE [-before TIME]`

// command is something else than serving, asked for by one flag.
type command struct {
	name, doc string   // the flag, and what it does
	with      []string // options that may go with it
	by        bool     // it is an order: -by must name who gives it
	bare      bool     // it needs no settings
	moves     bool     // it takes a database of another stream
	run       func(ctx context.Context, inv *invocation) error
}

// option is a flag that says more about a command.
type option struct{ name, doc string }

// valueName is what a flag's value is, which its doc has between back quotes; empty: it
// is a switch.
func valueName(doc string) string {
	_, rest, _ := strings.Cut(doc, "`")
	value, _, _ := strings.Cut(rest, "`")
	return value
}

// commands are all there are, in the order of the help.
func commands() []command {
	return slices.Concat(setupCommands, keyCommands, streamCommands, unrevokeCommands, dataCommands, auditLogCommands)
}

var options = []option{
	{"by", "with an order: `NAME` of who gives it, for the trail: of a post (night-shift), not of a person"},
	{"roles", "with -new-staff: what the credential may do, `ROLE[,ROLE]`"},
	{"at", "with -distrust-key: `TIME` of the first session start that is no longer good; default now"},
	{"exempt", "with -distrust-key: `FILE` of the serials that stay good under the key, one a line"},
	{"exempt-known", "with -distrust-key: whoever has a running session in this database stays good under the key"},
	{"from", "with -activate-key: `TIME` at which it begins to sign, default now; with -audit-log: acts from then on; with -unrevoke-by: revocations from then on"},
	{"before", "with -revoke-subject: sessions that start before `TIME` are not good, at most 24h ahead, default now; with -audit-log and -archive-audit-log: acts before it; with -unrevoke-by: revocations before it, default now"},
	{"confirm", "with -unrevoke-by: unrevoke the `COUNT` credentials that the command without it has counted"},
	{"anchor", "with -verify-audit-log: `POS:HEX` as an issuer has logged it, which must still be in the chain; several with commas between"},
	{"object", "with -audit-log: acts on `KIND:ID` only, such as key:7 or credential:20494-17"},
	{"json", "with -audit-log: one JSON object a line"},
}

// commandLine is the flags that are no settings.
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

// invocation is the command that the line asks for, nil if it asks for none.
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
			return nil, fmt.Errorf("-by must name who orders this: %w", err)
		}
	}
	return inv, nil
}

// commandsWith are the commands that an option may go with.
func commandsWith(option string) (all []string) {
	for _, c := range commands() {
		if slices.Contains(c.with, option) || option == "by" && c.by {
			all = append(all, "-"+c.name)
		}
	}
	return all
}
