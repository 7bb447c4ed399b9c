package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// findingsShown bounds the evidence that is printed; all findings are counted.
const findingsShown = 20

const (
	lost        judgement = "LOST"
	doubleEntry judgement = "DOUBLE ENTRY BEYOND THE BOUND"
)

// finding is the evidence of one wrong verdict.
type finding struct {
	What    judgement
	Gateway string
	Serial  string
	Status  status
	Body    string
	Faults  string
}

// report collects the results of a run.
type report struct {
	log *console

	mu        sync.Mutex
	on        map[string]int // active faults
	last      string         // the fault that ended last
	lastEnd   time.Time
	injected  map[string]int
	failed    map[string]int // faults that could not be injected
	recovery  map[string]*recovered
	verdicts  map[string]int
	findings  map[judgement]int
	shown     int
	incidents []string // other failures
	ledger    ledgerCounts
}

func newReport(log *console) *report {
	return &report{log: log, on: map[string]int{}, injected: map[string]int{}, failed: map[string]int{},
		recovery: map[string]*recovered{}, verdicts: map[string]int{}, findings: map[judgement]int{}}
}

func (r *report) count(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verdicts[what]++
}

func (r *report) begin(fault string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on[fault]++
}

func (r *report) end(fault string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on[fault]--; r.on[fault] == 0 {
		delete(r.on, fault)
	}
	r.last, r.lastEnd = fault, time.Now()
	if err != nil {
		r.failed[fault]++
		return
	}
	r.injected[fault]++
}

// current names the active faults, or the previous one: the effects of a fault often show after its
// end.
func (r *report) current() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.on) == 0 {
		return fmt.Sprintf("none; %q ended %.1fs ago", r.last, time.Since(r.lastEnd).Seconds())
	}
	return strings.Join(slices.Sorted(maps.Keys(r.on)), " + ")
}

func (r *report) addFinding(f finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.findings[f.What]++
	if r.shown++; r.shown > findingsShown {
		return
	}
	s := f.Status
	r.log.printf("%s of %s at %s at %s: revoked=%t, sent %s, acknowledged %s, active faults: %s\n%s",
		f.What, f.Serial, f.Gateway, clock(time.Now().UnixMilli()), s.Revoked, clock(s.SentMS), clock(s.AckMS), f.Faults, f.Body)
}

// incident reports something that no fault may cause.
func (r *report) incident(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.log.printf("INCIDENT %s; active faults: %s", text, r.current())
	r.mu.Lock()
	defer r.mu.Unlock()
	r.incidents = append(r.incidents, text)
}

// clock formats Unix ms together with the number, as the watermark in a verdict has it.
func clock(ms int64) string {
	return fmt.Sprintf("%s (%d)", time.UnixMilli(ms).Format("15:04:05.000"), ms)
}

// print writes the table and returns the closing line and whether the run had no finding.
func (r *report) print(log *console) (line string, clean bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	log.printf("verdicts:")
	for _, what := range slices.Sorted(maps.Keys(r.verdicts)) {
		log.printf("  %8d  %s", r.verdicts[what], what)
	}
	log.printf("requests to revoke, unrevoke and leave: %d, %d and %d acknowledged, %d without an answer", r.ledger.Revoked, r.ledger.Unrevoked, r.ledger.Left, r.ledger.Unknown)
	log.printf("faults:")
	total := 0
	for _, kind := range slices.Sorted(maps.Keys(merged(r.injected, r.failed))) {
		total += r.injected[kind]
		note := ""
		if n := r.failed[kind]; n > 0 {
			note = fmt.Sprintf("  (%d more could not be injected)", n)
		}
		log.printf("  %8d  %-48s%s%s", r.injected[kind], kind, r.recovery[kind].text(), note)
	}
	for _, i := range r.incidents {
		log.printf("incident: %s", i)
	}
	line = fmt.Sprintf("%d injected, %d revocations and %d closed sessions acknowledged, %d lost, %d wrong admissions, %d wrong refusals",
		total, r.ledger.Revoked, r.ledger.Left, r.findings[lost], r.findings[wrongAdmission], r.findings[wrongRefusal])
	return line, len(r.findings) == 0 && len(r.incidents) == 0
}

func merged(a, b map[string]int) map[string]int {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// console writes lines, each with the time since the start.
type console struct {
	began time.Time // immutable

	mu  sync.Mutex
	out io.Writer
}

func newConsole(out io.Writer) *console { return &console{began: time.Now(), out: out} }

func (c *console) printf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.out, "%7.1fs  %s\n", time.Since(c.began).Seconds(), fmt.Sprintf(format, args...))
}
