package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// reportLatency prints the tables. It fails if a revocation failed: percentiles that omit failures
// are not a result.
func reportLatency(out io.Writer, m measuring, sides []*side) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	failed := false
	row := func(name string, value func(s *side) string) {
		fmt.Fprint(w, name)
		for _, s := range sides {
			fmt.Fprint(w, "\t", value(s))
		}
		fmt.Fprintln(w)
	}
	row("", func(s *side) string { return s.name })
	row("revocations a second, target", func(*side) string { return fmt.Sprint(m.rate) })
	row("revocations a second acknowledged, by round", func(s *side) string {
		return s.each(func(r *round) string { return fmt.Sprintf("%.0f", r.reached) })
	})
	row("checks of other passengers a second", func(s *side) string {
		return fmt.Sprintf("%.0f", s.total(func(r *round) float64 { return float64(r.others) })/(m.length.Seconds()*float64(len(s.rounds))))
	})
	row("acknowledgement to refusal, p99 by round", func(s *side) string {
		return s.each(func(r *round) string { return quantile(slices.Sorted(slices.Values(r.refused)), 0.99).String() })
	})
	for _, line := range []struct {
		name string
		of   func(r *round) []time.Duration
	}{
		{"acknowledgement to refusal", func(r *round) []time.Duration { return r.refused }},
		{"request to acknowledgement", func(r *round) []time.Duration { return r.acknowledged }},
		{"request to refusal", func(r *round) []time.Duration { return r.requested }},
		{"due to sent (lateness of this tool)", func(r *round) []time.Duration { return r.late }},
	} {
		row(line.name, func(s *side) string {
			var all []time.Duration
			for i := range s.rounds {
				all = append(all, line.of(s.rounds[i])...)
			}
			return quantiles(all)
		})
	}
	row("failed", func(s *side) string {
		all := &round{failed: map[string]int{}}
		for i := range s.rounds {
			for class, n := range s.rounds[i].failed {
				all.failed[class] += n
				failed = true
			}
		}
		if len(all.failed) == 0 {
			return "none"
		}
		return all.failures()[len("; failed: "):]
	})
	row("records a batch", func(s *side) string {
		return fmt.Sprintf("%.2f", s.sample("railgate_publish_records_total")/s.sample(`railgate_publish_messages_total{kind="batch"}`))
	})
	row("checks until refusal, each", func(s *side) string {
		return fmt.Sprintf("%.1f", s.total(func(r *round) float64 { return float64(r.checks) })/s.done())
	})
	for _, p := range parts {
		row("mean ms, "+p.name, func(s *side) string { return s.meanOf(p) })
	}
	for _, name := range processes {
		row("processor ms a revocation, "+name, func(s *side) string {
			spent := s.total(func(r *round) float64 { return r.cost.cpu[name].Seconds() })
			if spent == 0 {
				return "-"
			}
			return fmt.Sprintf("%.3f", 1000*spent/s.done())
		})
	}
	row("processor ms a revocation, all", func(s *side) string {
		return fmt.Sprintf("%.3f", 1000*s.total(func(r *round) float64 {
			var sum time.Duration
			for _, t := range r.cost.cpu {
				sum += t
			}
			return sum.Seconds()
		})/s.done())
	})
	if err := w.Flush(); err != nil {
		return err
	}
	for _, s := range sides {
		var all []time.Duration
		for i := range s.rounds {
			all = append(all, s.rounds[i].refused...)
		}
		fmt.Fprintf(out, "faults: %s, %s, %d revocations at %d/s: acknowledgement to refusal %s\n", s.name, s.system.broker.Name(), len(all), m.rate, quantiles(all))
	}
	if failed {
		return errors.New("revocations failed: see the line \"failed\"")
	}
	return nil
}

func (s *side) each(of func(r *round) string) (text string) {
	for i := range s.rounds {
		if i > 0 {
			text += ", "
		}
		text += of(s.rounds[i])
	}
	return text
}

func (s *side) total(of func(r *round) float64) (sum float64) {
	for i := range s.rounds {
		sum += of(s.rounds[i])
	}
	return sum
}

func (s *side) sample(name string) float64 {
	return s.total(func(r *round) float64 { return r.cost.samples[name] })
}

// done returns the number of revocations that were acknowledged and refused.
func (s *side) done() float64 {
	return s.total(func(r *round) float64 { return float64(len(r.refused)) })
}

// meanOf returns a part's mean over all rounds; "-" if this version does not measure it.
func (s *side) meanOf(p part) string {
	all := cost{samples: map[string]float64{}}
	for i := range s.rounds {
		for name, v := range s.rounds[i].cost.samples {
			all.samples[name] += v
		}
	}
	seconds, known := p.of(all)
	if !known || seconds == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", 1000*seconds)
}
