package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/tokens"
)

// order is what an operator wants all gateways to know: one of the three is set.
type order struct {
	key     *store.KeyCutOff
	subject *store.SubjectCutOff
	restate string // who orders that everything in force is said again
}

// orderFlags are an order as typed.
type orderFlags struct {
	key, at, rescue, subject, before, by string
	known, restate                       bool
}

func (o *orderFlags) register(f *flag.FlagSet) {
	f.StringVar(&o.key, "cut-off-key", "", "take the key `ID` out of service and exit")
	f.StringVar(&o.at, "at", "", "with -cut-off-key: `TIME` of the first session start that is no longer good; default now")
	f.StringVar(&o.rescue, "rescue", "", "with -cut-off-key: `FILE` of the serials that stay good under the key, one a line")
	f.BoolVar(&o.known, "rescue-known", false, "with -cut-off-key: whoever has a running session in this database stays good under the key")
	f.StringVar(&o.subject, "cut-off-subject", "", "end the sessions of the subject `HEX`, 16 digits, and exit")
	f.StringVar(&o.before, "before", "", "with -cut-off-subject: sessions that start before `TIME` are not good; at most 24h ahead, default now")
	f.BoolVar(&o.restate, "restate", false, "say everything in force again in a new epoch and exit: after database and log came back from a backup together")
	f.StringVar(&o.by, "by", "", "with any of these: `NAME` of who orders it, for the audit table")
}

// maxName bounds the name of who orders, bytes.
const maxName = 64

// order reads the flags; nil if they give none. Times default to now.
func (o *orderFlags) order(now time.Time) (*order, error) {
	orders := 0
	for _, given := range []bool{o.key != "", o.subject != "", o.restate} {
		if given {
			orders++
		}
	}
	switch {
	case orders > 1:
		return nil, errors.New("-cut-off-key, -cut-off-subject and -restate are different orders: give one at a time")
	case o.key == "" && (o.at != "" || o.rescue != "" || o.known):
		return nil, errors.New("-at, -rescue and -rescue-known belong to -cut-off-key")
	case o.subject == "" && o.before != "":
		return nil, errors.New("-before belongs to -cut-off-subject")
	case orders == 0 && o.by != "":
		return nil, errors.New("-by belongs to -cut-off-key, -cut-off-subject and -restate")
	case orders == 0:
		return nil, nil
	case o.by == "" || len(o.by) > maxName || strings.ContainsFunc(o.by, unicode.IsControl):
		return nil, fmt.Errorf("-by must name who orders this, in 1 to %d bytes", maxName)
	}
	switch {
	case o.restate:
		return &order{restate: o.by}, nil
	case o.key != "":
		return o.keyOrder(now)
	}
	subject, err := hex.DecodeString(o.subject)
	if err != nil || len(subject) != len(tokens.Subject{}) {
		return nil, fmt.Errorf("-cut-off-subject must be %d hex digits", 2*len(tokens.Subject{}))
	}
	before, err := moment("-before", o.before, now)
	if err != nil {
		return nil, err
	}
	return &order{subject: &store.SubjectCutOff{Subject: tokens.Subject(subject), Before: before, Who: o.by}}, nil
}

func (o *orderFlags) keyOrder(now time.Time) (*order, error) {
	id, err := strconv.ParseUint(o.key, 10, 16)
	if err != nil || id == 0 {
		return nil, errors.New("-cut-off-key must be a key id, 1 to 65535")
	}
	at, err := moment("-at", o.at, now)
	if err != nil {
		return nil, err
	}
	c := &store.KeyCutOff{Key: tokens.KeyID(id), CutOff: at, RescueKnown: o.known, Who: o.by}
	if o.rescue != "" {
		if c.Rescued, err = readSerials(o.rescue); err != nil {
			return nil, fmt.Errorf("-rescue: %w", err)
		}
	}
	return &order{key: c}, nil
}

// moment reads a time of whole seconds, Unix.
func moment(name, text string, now time.Time) (int64, error) {
	if text == "" {
		return now.Unix(), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0, fmt.Errorf("%s must be a time such as 2026-02-10T08:00:00+08:00", name)
	}
	return t.Unix(), nil
}

// readSerials reads a file of serials, one a line, at most store.MaxRescued.
func readSerials(path string) (all []tokens.Serial, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f) // refuses lines of 64 KiB and more
	for n := 1; lines.Scan(); n++ {
		if n > store.MaxRescued {
			return nil, fmt.Errorf("%s has more than %d lines", path, store.MaxRescued)
		}
		serial, err := tokens.ParseSerial(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: a serial is written DAY-INDEX, such as 20494-17, and nothing else", path, n)
		}
		all = append(all, serial)
	}
	return all, lines.Err()
}
