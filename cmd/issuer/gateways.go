package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

var gatewayCommands = []command{
	{name: "announce-gateway", doc: "announce the public key of a gateway, `ID:HEX`, which signs its passages, bundles and receipts", by: true, run: announceGateway},
	{name: "withdraw-gateway", doc: "refuse what gateway `ID` dates at -from or later; it cannot be undone", with: []string{"from"}, by: true, run: withdrawGateway},
	{name: "list-gateways", doc: "print the gateways that were announced", run: listGateways},
}

func announceGateway(ctx context.Context, inv *invocation) error {
	number, key, _ := strings.Cut(inv.value, ":")
	id, err := gatewayID(number)
	public, keyErr := hex.DecodeString(key)
	if err != nil || keyErr != nil || len(public) != tokens.PublicKeySize || hex.EncodeToString(public) != key {
		return fmt.Errorf("-announce-gateway must be ID:HEX: an id from 1 to 65535, and the %d lower-case hex digits that railgate-gateway -new-key prints", 2*tokens.PublicKeySize)
	}
	store, err := inv.keyStore(ctx)
	if err != nil {
		return err
	}
	err = inv.commitAndPublish(ctx, func(ctx context.Context) error {
		changed, err := store.AnnounceGateway(ctx, id, [tokens.PublicKeySize]byte(public), inv.newEntry())
		if err == nil {
			inv.printf("committed: gateway %d is announced with key %s%s", id, key, unchanged(!changed))
		}
		return err
	})
	if err == nil {
		inv.printf("Next: set identity.id to %d at this gateway, and start it. Never give id or key to another gateway.", id)
	}
	return err
}

func withdrawGateway(ctx context.Context, inv *invocation) error {
	id, err := gatewayID(inv.value)
	if err != nil {
		return fmt.Errorf("-withdraw-gateway %w", err)
	}
	from, err := inv.timeOption("from", time.Now())
	if err != nil {
		return err
	}
	store, err := inv.keyStore(ctx)
	if err != nil {
		return err
	}
	err = inv.commitAndPublish(ctx, func(ctx context.Context) error {
		cutoff, changed, err := store.WithdrawGateway(ctx, id, from.Unix(), inv.newEntry())
		if errors.Is(err, keyring.ErrNoGateway) {
			return fmt.Errorf("%w; -list-gateways prints those that were", err)
		}
		if err == nil {
			inv.printf("committed: what gateway %d dates at %s or later is refused%s", id, formatTime(time.Unix(cutoff, 0)), unchanged(!changed))
		}
		return err
	})
	if err == nil {
		inv.printf("Passengers whom its false passages still refuse: forgive them, or declare an amnesty. Next for the site: a new key and a\nnew id, -announce-gateway")
	}
	return err
}

func listGateways(ctx context.Context, inv *invocation) error {
	store, err := inv.keyStore(ctx)
	if err != nil {
		return err
	}
	all, err := store.Gateways(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(inv.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tPUBLIC KEY\tANNOUNCED\tWITHDRAWN FROM")
	for _, g := range all {
		fmt.Fprintf(w, "%d\t%x\t%s\t%s\n", g.ID, g.Public, formatTime(g.Announced), formatTime(g.Cutoff))
	}
	return w.Flush()
}

func gatewayID(text string) (revocation.GatewayID, error) {
	id, err := strconv.ParseUint(text, 10, 16)
	if err != nil || id == 0 || strconv.FormatUint(id, 10) != text {
		return 0, errors.New("must be the id of a gateway, 1 to 65535")
	}
	return revocation.GatewayID(id), nil
}
