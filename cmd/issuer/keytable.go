package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/tokens"
)

// listKeys prints the keys of the database, and those of the directory that the
// database has never heard of.
func listKeys(ctx context.Context, j *job) error {
	keys, err := j.keys()
	if err != nil {
		return err
	}
	lines, err := j.keyLines(ctx)
	if err != nil {
		return err
	}
	held := make(map[tokens.KeyID]bool)
	for _, k := range keys.Issuers {
		held[k.ID] = true
	}
	known := make(map[tokens.KeyID]bool)
	for _, l := range lines {
		known[l.ID] = true
	}
	for _, k := range signers(keys) {
		if !known[k.ID] {
			lines = append(lines, keyring.Line{Public: k.Public(), State: keyring.Generated})
		}
	}
	w := tabwriter.NewWriter(j.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTATE\tHELD HERE\tANNOUNCED\tIN STREAM\tSIGNS FROM\tRESTS\tCUT OFF\tRETIRED\tSESSIONS\tLAST ONE OVER")
	for _, l := range lines {
		cells := []string{fmt.Sprint(l.ID), string(l.State), yes(held[l.ID]), day(l.Ordered), day(l.Published), day(l.UseFrom),
			day(l.Rest), day(l.CutOff), day(l.Retired), fmt.Sprint(l.Running), day(l.RetireFrom)}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, l := range lines {
		if hint := next(l, time.Now()); hint != "" {
			j.say("%s", hint)
		}
	}
	return nil
}

// next is what an operator would do with a key, if anything.
func next(l keyring.Line, now time.Time) string {
	switch {
	case l.State == keyring.Generated:
		return fmt.Sprintf("key %d is known to nobody yet: -announce-key %d", l.ID, l.ID)
	case l.State == keyring.Overlap:
		return fmt.Sprintf("key %d has a successor that signs: -rest-key %d when every issuer holds that", l.ID, l.ID)
	case !l.RetireFrom.IsZero() && !l.RetireFrom.After(now):
		return fmt.Sprintf("every session under key %d is over: -retire-key %d", l.ID, l.ID)
	}
	return ""
}

// day is a time in the table; "-" for one that has not come.
func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
