// Package keystore is the directory of an issuer's secrets: the authority key
// that signs the control stream, the issuer keys that sign passes, the master of
// the vault and its field keys. Each is one small text file whose first line says
// what it is.
//
//	authority.key      signs the control stream
//	issuer-N.key       signs passes under key id N; at least one
//	issuer-N.retired   no secret: keeps N from being used again
//	vault.key          the vault's master
//	vault-field-N.key  the vault's field keys, if it has any
//	keystore.seal      what the passphrase opens, in a sealed directory
//
// A directory is plain (files of version 1) or sealed (version 2). Sealed files
// lie under a random directory key, one derived key per file name, AES-256-GCM;
// keystore.seal holds the directory key under a passphrase (argon2id). It belongs
// to the keys: without it nothing opens.
//
// It promises: no key is ever overwritten by another; Open refuses files that
// others could have read, a directory in which others could have swapped them,
// and a sealed file that was altered, renamed or brought from elsewhere. A command
// that is cut off at any step leaves whole keys that open, and running it again
// finishes it; Keys.Leftovers says what is left. No secret is ever part of an
// error or of anything printed.
//
// It does not promise: that an erased secret is gone. Retire, DropFieldKey, Seal
// and Reseal overwrite before they let go, but a file system that copies on write,
// a flash disk, a snapshot or a backup may keep the old bytes, and so may free
// blocks after a power cut at the wrong moment: where that counts, rely on what the
// secret opened being worthless (a cut-off, a walk to a newer field key). That a plain file was not altered. That the directory is complete
// and recent: whoever can write it can delete a file or put back an older one, and
// can replace the keys by plain ones of his own; watch Keys.Plain. That memory is
// wiped: the keys are in it as long as the process lives.
package keystore
