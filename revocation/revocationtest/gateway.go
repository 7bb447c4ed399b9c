package revocationtest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"strconv"

	"github.com/railgate/railgate/revocation"
)

// Gateway returns the private key of a test gateway, always the same for an id, and the record that announces
// its public half. The key is not secret.
func Gateway(id revocation.GatewayID) (key ed25519.PrivateKey, announce revocation.Record) {
	seed := sha256.Sum256([]byte("railgate test gateway " + strconv.Itoa(int(id))))
	key = ed25519.NewKeyFromSeed(seed[:])
	public := [ed25519.PublicKeySize]byte(key.Public().(ed25519.PublicKey))
	return key, revocation.Record{Kind: revocation.KindAnnounceGateway, Gateway: id, Public: public}
}

// Announce sends the announcements of test gateways.
func (f *Feed) Announce(now int64, ids ...revocation.GatewayID) {
	records := make([]revocation.Record, len(ids))
	for i, id := range ids {
		_, records[i] = Gateway(id)
		records[i].At = now
	}
	f.Apply(now, records...)
}
