package registry

import (
	"context"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// MaxOrder bounds the tickets of one question or report. Ours: the rules name no
// number; a family and its friends fit.
const MaxOrder = 20

// order decides about tickets of one account, one after the other, each with the
// counts raised by those before (registry.CanBuy). Its account must be locked if
// what it decides is to hold.
type order struct {
	holder
	limits rules.Limits
	listed map[string]*rules.Passenger // by id, who is bought for
	bought int
}

// order reads an account and whom it buys for; empty is the holder.
func (b *Store) order(ctx context.Context, q database.Queries, account, lock string, passengers []string) (*order, error) {
	h, _, err := b.entry(ctx, q, Ref{Account: account}, lock)
	if err != nil {
		return nil, err
	}
	o := &order{holder: h, limits: b.Limits(), listed: map[string]*rules.Passenger{}}
	for _, id := range passengers {
		if id == "" || o.listed[id] != nil {
			continue
		}
		l, err := b.line(ctx, q, account, id)
		if err != nil {
			return nil, err
		}
		o.listed[id] = &l.Passenger
	}
	return o, nil
}

// buy decides about one more ticket and counts it.
func (o *order) buy(passenger string) error {
	p := o.listed[passenger]
	if p == nil {
		self := o.Self()
		p = &self
	}
	if err := rules.CanBuy(o.Account, *p, 1, o.limits); err != nil {
		return err
	}
	o.bought++
	o.Tickets++
	p.Tickets++
	if passenger == "" {
		o.OwnTickets++
	}
	return nil
}
