package remote

import (
	"net/http"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/provider"
)

// maxCallback bounds a callback's body, bytes; an honest one has less than 100.
const maxCallback = 1024

// Callback takes the provider's decisions. It answers at once, waits for nothing
// but the body, and says nothing to who does not hold the secret. Its server must
// bound the time to read a request.
func (c *Checker) Callback() http.Handler { return http.HandlerFunc(c.callback) }

func (c *Checker) callback(w http.ResponseWriter, r *http.Request) {
	id, said, signature, err := c.readCallback(w, r)
	if err != nil {
		c.metrics.callback(outcomeOf(err))
		c.receiver.Refuse(w, err)
		return
	}
	o := c.ledger.decide(id, said)
	c.metrics.callback(o)
	status := http.StatusOK
	if o == outcomeContradicted {
		c.log.Error("real-person provider contradicts itself; its first decision stands", zap.Stringer("check", id))
		status = http.StatusConflict
	}
	c.receiver.Answer(w, signature, status, struct{}{})
}

func (c *Checker) readCallback(w http.ResponseWriter, r *http.Request) (id provider.ID, said decision, s provider.Signature, err error) {
	var body struct {
		Request  string   `json:"request"`
		Decision decision `json:"decision"`
	}
	if s, err = c.receiver.Read(w, r, &body); err != nil {
		return id, "", s, err
	}
	id, ok := provider.ParseID(body.Request)
	if !ok || !body.Decision.final() {
		return id, "", s, provider.ErrForm
	}
	return id, body.Decision, s, nil
}
