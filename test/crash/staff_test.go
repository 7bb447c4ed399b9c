package crash

// changeCredential has staff revoke or unrevoke a credential, including one that is already in that
// state, has expired, or was superseded; or forgive its passages.
func (p *worker) changeCredential() {
	serial, ok := p.model.recent(p.r.IntN)
	if !ok {
		p.awaitURL(p.ctx)
		return
	}
	if p.r.IntN(6) == 0 {
		p.forgive(serial)
		return
	}
	path, body, revoke := "/revoke", fields{"reason": "staff"}, true
	if p.r.IntN(5) < 2 {
		path, body, revoke = "/unrevoke", fields{}, false
	}
	sent := p.model.begin(aDecision)
	made := p.model.beginDecision(serial, revoke, sent.sent)
	a := p.call("POST", "/v1/credentials/"+serial+path, staffSecret, body)
	p.model.finish(sent, a, func(acked int64) {
		made.acked = acked
		made.atMs = decode[struct {
			AcceptedAtMs int64 `json:"accepted_at_ms"`
		}](p.system, a).AcceptedAtMs
		made.request = a.header.Get("X-Request-Id")
	})
	p.model.endDecision(made, a)
}

// forgive has staff forgive the passages of a credential.
func (p *worker) forgive(serial string) {
	sent := p.model.begin(aForgiving)
	a := p.call("POST", "/v1/passages/forgive", staffSecret, fields{"serial": serial, "reason": "staff"})
	p.model.finish(sent, a, func(int64) {
		atMs := decode[struct {
			AcceptedAtMs int64 `json:"accepted_at_ms"`
		}](p.system, a).AcceptedAtMs
		p.model.forgiven[serial] = append(p.model.forgiven[serial], atMs)
	})
}

// recentSerials is how many of the latest credentials staff requests are about.
const recentSerials = 40

// recent draws a recently reported serial.
func (m *model) recent(draw func(int) int) (serial string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.latest) == 0 {
		return "", false
	}
	from := m.latest[max(0, len(m.latest)-recentSerials):]
	return from[draw(len(from))], true
}

// beginDecision records a decision before it is sent.
func (m *model) beginDecision(serial string, revoke bool, sent int64) *decision {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := &decision{revoke: revoke, sent: sent}
	m.decisions[serial] = append(m.decisions[serial], w)
	return w
}

// endDecision records that a decision was not carried out, if that is certain.
func (m *model) endDecision(w *decision, a answer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w.refused = a.fate != unknown && !a.did()
}
