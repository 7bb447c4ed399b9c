package main

import (
	"time"

	"github.com/railgate/railgate/issuance/registry/rules"
)

// limits are rules.Limits as typed.
type limits struct {
	Passengers    int           `toml:"passengers" doc:"verified, to-be-submitted and pre-verified passengers on an account's list (rule B3; other numbers for the Spring Festival and the summer); a resident ID account has more verified with both originals"`
	ToBeSubmitted int           `toml:"to_be_submitted" doc:"those on a list who are to be submitted (rule B2)"`
	Uncounted     int           `toml:"uncounted" doc:"pending and failed passengers on a list, which passengers does not count"`
	Lines         int           `toml:"lines" doc:"passengers on a list, whatever their status"`
	Keep          time.Duration `toml:"keep" doc:"how long a counted passenger cannot be deleted (rule B4)"`
	TicketsInAll  int           `toml:"tickets_in_all" doc:"tickets of a to-be-submitted account, issued by changes too (rule B5)"`
	TicketsEach   int           `toml:"tickets_each" doc:"tickets of any account for each to-be-submitted passenger (rule B5)"`
}

func (l limits) registry() rules.Limits { return rules.Limits(l) }

func defaultLimits() limits { return limits(rules.DefaultLimits()) }
