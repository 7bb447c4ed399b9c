package crash

// changeCredential has staff withdraw a credential or lift that, also one that is so already,
// is over, or was superseded.
func (p *worker) changeCredential() {
	serial, ok := p.model.recent(p.r.IntN)
	if !ok {
		p.awaitURL(p.ctx)
		return
	}
	path, body, revoke := "/revoke", fields{"reason": "staff"}, true
	if p.r.IntN(5) < 2 {
		path, body, revoke = "/unrevoke", fields{}, false
	}
	sent := p.model.send(aDecision)
	made := p.model.beginDecision(serial, revoke, sent.sent)
	a := p.call("POST", "/v1/credentials/"+serial+path, staffSecret, body)
	p.model.settle(sent, a, func(acked int64) {
		made.acked = acked
		made.atMs = read[struct {
			AcceptedAtMs int64 `json:"accepted_at_ms"`
		}](p.system, a).AcceptedAtMs
		made.request = a.header.Get("X-Request-Id")
	})
	p.model.endDecision(made, a)
}

// recentSerials is how many of the latest credentials staff is asked about.
const recentSerials = 40

// recent draws a serial that was told not long ago.
func (m *model) recent(draw func(int) int) (serial string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.latest) == 0 {
		return "", false
	}
	from := m.latest[max(0, len(m.latest)-recentSerials):]
	return from[draw(len(from))], true
}

// beginDecision notes a decision that is about to be sent.
func (m *model) beginDecision(serial string, revoke bool, sent int64) *decision {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := &decision{revoke: revoke, sent: sent}
	m.decisions[serial] = append(m.decisions[serial], w)
	return w
}

// endDecision notes that a decision was not carried out, if that is certain.
func (m *model) endDecision(w *decision, a answer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w.refused = a.fate != unknown && !a.did()
}
