package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// group is one benchmark: ours and its rivals.
type group struct {
	what    string
	members []*member
}

// member is one side of a pair. samples holds, per unit, one value per round.
type member struct {
	name    string
	samples map[string][]float64
	rounds  int
}

const (
	ours  = "ours"
	plain = "plain"
)

func (o *output) group(what string) *group {
	for _, g := range o.groups {
		if g.what == what {
			return g
		}
	}
	g := &group{what: what}
	o.groups = append(o.groups, g)
	return g
}

func (g *group) member(name string) *member {
	for _, m := range g.members {
		if m.name == name {
			return m
		}
	}
	m := &member{name: name, samples: map[string][]float64{}}
	g.members = append(g.members, m)
	return m
}

// complete checks that every group has ours and a rival, and that all have the same number of
// rounds. It returns all errors together.
func (o *output) complete() error {
	if len(o.groups) == 0 {
		return errors.New("no benchmark in the input")
	}
	var faults []error
	for _, g := range o.groups {
		mine := g.mine()
		if mine == nil || !g.hasRival() {
			faults = append(faults, fmt.Errorf("%s: want %q and at least one %q, got %s", g.what, ours, plain+"...", g.names()))
			continue
		}
		if rounds := o.groups[0].members[0].rounds; mine.rounds != rounds {
			faults = append(faults, fmt.Errorf("%s: %d rounds, %s has %d: a run was cut short", g.what, mine.rounds, o.groups[0].what, rounds))
		}
		for _, m := range g.members {
			if len(m.samples[timeUnit]) != m.rounds {
				faults = append(faults, fmt.Errorf("%s/%s: not every line has %s", g.what, m.name, timeUnit))
			}
			if m.rounds != mine.rounds {
				faults = append(faults, fmt.Errorf("%s: %d rounds of %s, %d of %s", g.what, mine.rounds, ours, m.rounds, m.name))
			}
		}
	}
	return errors.Join(faults...)
}

// mine returns the first side of ours, with which the others are compared.
func (g *group) mine() *member {
	for _, m := range g.members {
		if strings.HasPrefix(m.name, ours) {
			return m
		}
	}
	return nil
}

func (g *group) hasRival() bool {
	return slices.ContainsFunc(g.members, func(m *member) bool { return strings.HasPrefix(m.name, plain) })
}

func (g *group) names() string {
	var names []string
	for _, m := range g.members {
		names = append(names, m.name)
	}
	return strings.Join(names, ", ")
}
