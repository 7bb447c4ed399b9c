package main

import (
	"context"
	"fmt"
	"io"
	"math/bits"
	"net/http"
	"strings"
	"sync"
	"time"

	gate "github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/stack"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

const (
	passbackKey       tokens.KeyID = 40001 // signs the codes of this workload; the issuer announces it
	passbackFirst                  = 1 << 31
	crossingsEach                  = 400                     // codes for each number of partitions
	crossingEvery                  = 4 * time.Millisecond    // between the first scans of two codes
	crossingSpread                 = 1800 * time.Millisecond // longest time from a code's first scan to its last
	reachPatience                  = 15 * time.Second        // until verdicts say what the network allows
	passageEntries                 = 1 << 16
	passagePartitions              = 3
)

// passback is the workload that shows one code at several gateways.
type passback struct {
	topic   string
	issuer  tokentest.Issuer
	device  string // credential of the gates, whose policy denies a second use
	gates   []passenger.Gate
	next    uint32 // index of the next credential
	entries int    // double entries
	bound   int    // of the entries
	codes   int
}

func newPassback(topic string) *passback {
	return &passback{topic: topic + ".passages", issuer: tokentest.NewIssuer(passbackKey), device: gate.NewCredential(), next: passbackFirst}
}

// announcement is the table with which the issuer announces the key of the workload's codes.
func (p *passback) announcement() string {
	return fmt.Sprintf("[[announce]]\nid = %d\npublic = \"%x\"\n", p.issuer.ID, p.issuer.Signer.Public())
}

// issuerSettings have the issuer create the topic.
func (p *passback) issuerSettings(replication int) stack.Settings {
	return stack.Settings{"passages.topic": p.topic, "passages.partitions": passagePartitions, "passages.replication": replication}
}

// settings returns the settings of a gateway that tells others its passages.
func (p *passback) settings(key stack.Announced) stack.Settings {
	s := key.Settings()
	s["passages.topic"], s["passages.partitions"], s["passages.entries"] = p.topic, passagePartitions, passageEntries
	s["station"] = fmt.Sprintf("station-%d", key.ID)
	return s
}

// entry returns the table of a gate that denies a second use, also while the gateway is isolated.
func (p *passback) entry() string {
	return fmt.Sprintf("[[device]]\nid = \"turnstile\"\nsha256 = %q\nscopes = [\"entry\", \"exit\"]\npassback = { mode = \"deny\", local = \"serve\", unknown = \"serve\" }\n",
		gate.HashCredential(p.device))
}

// runPassback shows codes at all gateways while none, one and all of them are isolated from the broker, compares
// every admission with the bound of docs/passback.md, and waits until all gateways list the same conflicts.
func (sys *system) runPassback(ctx context.Context) error {
	isolator, ok := sys.broker.(interface {
		Isolate(client string) (heal func())
	})
	p := sys.passback
	p.gates = nil
	for _, g := range sys.gateways {
		turnstile := g.Gate
		turnstile.Device = p.device
		p.gates = append(p.gates, turnstile)
	}
	for _, isolated := range []int{0, 1, len(sys.gateways)} {
		if isolated > 0 && !ok {
			continue // real nodes: cut the network of a whole node instead, see the fault "node frozen"
		}
		var mask uint
		var heals []func()
		for i := range isolated {
			mask |= 1 << i
			heals = append(heals, isolator.Isolate(clientOf(sys.gateways[i].identity.ID)))
		}
		err := sys.awaitReach(ctx, mask)
		if err == nil {
			err = sys.crossAll(ctx, mask)
		}
		for _, heal := range heals {
			heal()
		}
		if err != nil {
			return err
		}
	}
	if err := sys.awaitReach(ctx, 0); err != nil {
		return err
	}
	return sys.awaitConflicts(ctx)
}

// clientOf is the Kafka client ID of a gateway with an announced key.
func clientOf(id int) string { return fmt.Sprintf("railgate-gateway-%d", id) }

// crossAll shows crossingsEach codes at every gateway, in random order, and judges the verdicts.
func (sys *system) crossAll(ctx context.Context, isolated uint) error {
	p := sys.passback
	r := sys.random(streamCross + uint64(isolated))
	crossings := make([]crossing, crossingsEach)
	var all sync.WaitGroup
	var failed error
	var once sync.Once
	for i := range crossings {
		now := time.Now()
		session := p.issuer.Open(p.next, now.Unix()-tokens.Period)
		p.next++
		c := &crossings[i]
		c.serial, c.isolated, c.scans = session.Fields.Serial.String(), isolated, make([]crossed, len(p.gates))
		code := session.Code(1)
		text := code.Text()
		for n := range p.gates {
			wait := between(r, 0, crossingSpread)
			if r.IntN(4) == 0 {
				wait = 0 // several at the same time
			}
			all.Go(func() {
				if !sleep(ctx, wait) {
					return
				}
				var err error
				if c.scans[n], err = p.scan(ctx, n, text); err != nil && ctx.Err() == nil {
					once.Do(func() { failed = err })
				}
			})
		}
		if !sleep(ctx, crossingEvery) {
			break
		}
	}
	all.Wait()
	if ctx.Err() != nil || failed != nil {
		return failed
	}
	doubles, bound := 0, 0
	for i := range crossings {
		n, most, wrong := crossings[i].doubles()
		doubles, bound = doubles+n, bound+most
		for _, s := range wrong {
			sys.report.addFinding(finding{What: doubleEntry, Gateway: sys.gateways[s.gateway].Name, Serial: crossings[i].serial,
				Body: fmt.Sprintf("passback state %s, result %s", s.state, s.result), Faults: sys.report.current()})
		}
	}
	sys.log.printf("one code at %d gateways, %d isolated: %d of %d codes admitted twice, %.0f in a million scans, bound %d",
		len(p.gates), bits.OnesCount(isolated), doubles, len(crossings), 1e6*float64(doubles)/float64(len(crossings)*len(p.gates)), bound)
	p.entries, p.bound, p.codes = p.entries+doubles, p.bound+bound, p.codes+len(crossings)
	return nil
}

// scan shows a code at a gateway.
func (p *passback) scan(ctx context.Context, n int, text string) (crossed, error) {
	s := crossed{gateway: n, sent: time.Now()}
	v, err := p.gates[n].Check(ctx, text, "entry")
	s.answered = time.Now()
	if err == nil && (v.Verdict == "" || v.Passback.State == "") {
		err = fmt.Errorf("a gate with passback answered %q %q without it", v.Reason, v.Code)
	}
	if err == nil && v.Verdict == "deny" && v.Reason != "already_used" {
		err = fmt.Errorf("a gate with passback refused a valid code: %s", v.Reason)
	}
	s.admitted, s.state, s.result = v.Verdict == "allow", v.Passback.State, v.Passback.Result
	return s, err
}

// awaitReach waits until the verdicts of isolated gateways say local and those of the others exact.
func (sys *system) awaitReach(ctx context.Context, isolated uint) error {
	p := sys.passback
	state := make([]string, len(p.gates))
	reached := await(ctx, reachPatience, 50*time.Millisecond, func() bool {
		all := true
		for n := range p.gates {
			want := "exact"
			if isolated>>n&1 != 0 {
				want = "local"
			}
			session := p.issuer.Open(p.next, time.Now().Unix()-tokens.Period)
			p.next++
			code := session.Code(1)
			s, err := p.scan(ctx, n, code.Text())
			state[n] = s.state
			all = all && err == nil && s.state == want
		}
		return all
	})
	if !reached && ctx.Err() == nil {
		return fmt.Errorf("with gateways %b isolated, verdicts say %v after %v", isolated, state, reachPatience)
	}
	return ctx.Err()
}

// awaitConflicts waits until every gateway lists the same conflicts, at least as many as there were double
// entries.
func (sys *system) awaitConflicts(ctx context.Context) error {
	var lists []string
	same := await(ctx, recoveryBound, 200*time.Millisecond, func() bool {
		lists = lists[:0]
		for _, g := range sys.gateways {
			list, err := sys.readConflicts(ctx, g)
			if err != nil {
				return false
			}
			lists = append(lists, list)
		}
		for _, l := range lists[1:] {
			if l != lists[0] {
				return false
			}
		}
		return countConflicts(lists[0]) >= sys.passback.entries
	})
	if !same && ctx.Err() == nil {
		var counts []int
		for _, l := range lists {
			counts = append(counts, countConflicts(l))
		}
		return fmt.Errorf("after %v gateways list %v conflicts, not the same, or fewer than the %d double entries", recoveryBound, counts, sys.passback.entries)
	}
	if same {
		sys.log.printf("every gateway lists the same %d conflicts", countConflicts(lists[0]))
	}
	return ctx.Err()
}

// readConflicts returns the conflicts that a gateway knows, one a line.
func (sys *system) readConflicts(ctx context.Context, g *gateway) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.Admin+"/conflicts", nil)
	if err != nil {
		return "", err
	}
	answer, err := sys.client.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	list, err := io.ReadAll(io.LimitReader(answer.Body, 64<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s lists no conflicts: status %d", g.Name, answer.StatusCode)
	}
	return string(list), err
}

// countConflicts counts the lines of a list.
func countConflicts(list string) int { return strings.Count(list, "\n") }
