package fake

import (
	"sync"
	"time"

	"github.com/railgate/railgate/tokens"
)

// passed has the last passage of each serial.
type passed struct {
	mu       sync.Mutex
	last     map[tokens.Serial]passage
	attempts int64
}

type passage struct {
	at     time.Time
	device string
	step   int64
}

type passbackJSON struct {
	State   string `json:"state"`
	Result  string `json:"result"`
	Flagged bool   `json:"flagged"`
	AgeMS   int64  `json:"age_ms"`
}

// use uses a good code up, with the rules of a gateway whose window is the life of a code.
func (w *Servers) use(t *tokens.Token, device string, reason tokens.Reason) (tokens.Reason, *passbackJSON) {
	v := &passbackJSON{State: "exact", Result: "not_counted"}
	if reason != tokens.ReasonOK {
		return reason, v
	}
	p := &w.passed
	p.mu.Lock()
	defer p.mu.Unlock()
	now := passage{time.Now(), device, t.Step()}
	last, known := p.last[t.Serial()]
	age := now.at.Sub(last.at)
	p.attempts++
	forgets := w.behavior.ForgetEvery > 0 && p.attempts > 3 && p.attempts%w.behavior.ForgetEvery == 0 // the first are probes
	if !known || age >= 125*time.Second || forgets {
		if p.last == nil {
			p.last = map[tokens.Serial]passage{}
		}
		p.last[t.Serial()] = now
		v.Result = "first"
		return reason, v
	}
	v.AgeMS = (age + w.behavior.WrongAge).Milliseconds()
	if age < 10*time.Second && last.device == now.device && last.step == now.step {
		v.Result = "repeated"
		return reason, v
	}
	v.Result = "used"
	if w.behavior.Passback == "flag" {
		v.Flagged = true
		return reason, v
	}
	return tokens.ReasonUsed, v
}

type ticketJSON struct {
	State   string `json:"state"`
	Flagged bool   `json:"flagged"`
	Train   string `json:"train,omitempty"`
	Departs int64  `json:"departs_at,omitempty"`
	Coach   string `json:"coach,omitempty"`
	Seat    string `json:"seat,omitempty"`
}

func (w *Servers) ticket() *ticketJSON {
	switch w.behavior.Ticket {
	case "":
		return nil
	case "none", "unknown":
		return &ticketJSON{State: w.behavior.Ticket, Flagged: true}
	}
	return &ticketJSON{State: w.behavior.Ticket, Train: "G101", Departs: 1770836400, Coach: "05", Seat: "12F"}
}
