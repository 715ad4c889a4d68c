package schemakit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// Digest identifies schemas in the form of Ent's load.MarshalSchema, in any order.
func Digest(schemas []json.RawMessage) (string, error) {
	texts := make([]string, 0, len(schemas))
	for _, s := range schemas {
		var parsed any
		if err := json.Unmarshal(s, &parsed); err != nil {
			return "", fmt.Errorf("read a schema: %w", err)
		}
		canonical, err := json.Marshal(parsed)
		if err != nil {
			return "", fmt.Errorf("read a schema: %w", err)
		}
		texts = append(texts, string(canonical))
	}
	slices.Sort(texts)
	sum := sha256.Sum256(fmt.Append(nil, texts))
	return hex.EncodeToString(sum[:]), nil
}
