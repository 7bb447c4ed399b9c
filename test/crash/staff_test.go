package crash

// say has staff withdraw a credential or lift that, also one that is so already,
// is over, or was superseded.
func (p *phone) say() {
	serial, ok := p.book.recent(p.r.IntN)
	if !ok {
		p.somebody(p.ctx)
		return
	}
	path, body, revoke := "/revoke", fields{"reason": "staff"}, true
	if p.r.IntN(5) < 2 {
		path, body, revoke = "/unrevoke", fields{}, false
	}
	sent := p.book.send(aWord)
	said := p.book.say(serial, revoke, sent.sent)
	a := p.call("POST", "/v1/credentials/"+serial+path, deskSecret, body)
	p.book.settle(sent, a, func(acked int64) {
		said.acked = acked
		said.atMs = read[struct {
			AcceptedAtMs int64 `json:"accepted_at_ms"`
		}](p.house, a).AcceptedAtMs
		said.request = a.header.Get("X-Request-Id")
	})
	p.book.unsaid(said, a)
}

// recentSerials is how many of the latest credentials staff is asked about.
const recentSerials = 40

// recent draws a serial that was told not long ago.
func (b *book) recent(draw func(int) int) (serial string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.latest) == 0 {
		return "", false
	}
	from := b.latest[max(0, len(b.latest)-recentSerials):]
	return from[draw(len(from))], true
}

// say notes a word that is about to be sent.
func (b *book) say(serial string, revoke bool, sent int64) *word {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := &word{revoke: revoke, sent: sent}
	b.words[serial] = append(b.words[serial], w)
	return w
}

// unsaid notes that a word was not carried out, if that is certain.
func (b *book) unsaid(w *word, a answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w.refused = a.fate != unknown && !a.did()
}
