package loadtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/tokens"
)

// probe checks one good code, so that a gateway that does not know the load key fails before the run, once. Then it
// uses the code again: the answers tell what the gateway does about a second use. second may be nil.
func probe(ctx context.Context, gate, second *gate, p *pool) (passback, error) {
	now := time.Now().Unix()
	step := p.old.step(0, now) // at least two, see minOldAge
	got, err := gate.probe(p.old.code(0, step))
	if err != nil || got.passback == passbackNone || got.result == resultNotCounted {
		return passbackOff, err
	}
	if got.result != resultFirst {
		return passbackOff, fmt.Errorf("the gateway answers %q to the first use of a code: the load test needs gates that do not report their barrier (passback.confirm) and no amnesty", got.result)
	}
	// The code of another step is no repetition, also at the same device.
	mode, err := gate.probeUse(p.old.code(0, step-1))
	if err != nil || second == nil {
		return mode, err
	}
	if second.elsewhere {
		select {
		case <-ctx.Done():
			return passbackOff, ctx.Err()
		case <-time.After(exchangeWithin):
		}
	}
	other, err := second.probeUse(p.old.code(0, step))
	if err == nil && other != mode {
		err = fmt.Errorf("passback is %s at the device and %s at the second one: set the same mode", mode, other)
	}
	return mode, err
}

// probe checks one code that should be good.
func (g *gate) probe(code tokens.Token) (answer, error) {
	client := g.newClient()
	defer client.close()
	got, err := client.check(&code)
	switch {
	case err != nil:
		return answer{}, fmt.Errorf("a first check at %s failed: %w", g.base, err)
	case got.reason == tokens.ReasonUnknownKey:
		return answer{}, fmt.Errorf("the gateway does not know load key %d: add the entry that -new-key printed to the issuers' settings and restart them; in test environments only", code.KeyID())
	case got.reason != tokens.ReasonOK:
		return answer{}, fmt.Errorf("the gateway denies a first good code: %s", got.reason)
	}
	return *got, nil
}

// probeUse shows a code whose credential has passed, and returns what the gateway does about it.
func (g *gate) probeUse(code tokens.Token) (passback, error) {
	client := g.newClient()
	defer client.close()
	got, err := client.check(&code)
	switch {
	case err != nil:
		return passbackOff, fmt.Errorf("a check of a used code at %s failed: %w", g.base, err)
	case got.result != resultUsed:
		return passbackOff, errors.New("the gateway admits a used code, and its verdict does not report it: two gateways must exchange their passages, and both devices need passback")
	case got.allow:
		return passbackFlag, nil
	case got.reason == tokens.ReasonUsed, got.reason == tokens.ReasonUsedElsewhere:
		return passbackDeny, nil
	}
	return passbackOff, fmt.Errorf("the gateway denies a used code with %s", got.reason)
}
