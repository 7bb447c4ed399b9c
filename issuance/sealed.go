package issuance

import (
	"slices"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/vault"
)

// SealedColumns are all columns that lie under a field key: what a walk to a newer
// key must cover.
func SealedColumns() []vault.Column {
	return slices.Concat(credential.SealedColumns(), account.SealedColumns(), registry.SealedColumns())
}
