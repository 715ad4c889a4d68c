package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/swaggest/swgui/v5emb"
)

// document returns handlers that serve what is registered by now, as OpenAPI 3.1 and,
// for clients that need it, as OpenAPI 3.0. It is written when it is first asked for.
func (a *api) document() (openAPI31, openAPI30 http.HandlerFunc) {
	document := a.huma.OpenAPI()
	if len(document.Paths) == 0 {
		document.Extensions = map[string]any{"paths": map[string]any{}} // which is required, and huma leaves it out
	}
	completeSchemas(document)
	marshal := sync.OnceValue(func() []byte { return mustMarshal(document) })
	return serveDocument(marshal), serveDocument(sync.OnceValue(func() []byte {
		var downgraded map[string]any
		if err := json.Unmarshal(marshal(), &downgraded); err != nil {
			panic(fmt.Sprintf("httpapi: read the description: %v", err))
		}
		downgrade(downgraded)
		return mustMarshal(downgraded)
	}))
}

func mustMarshal(document any) []byte {
	text, err := json.Marshal(document)
	if err != nil {
		panic(fmt.Sprintf("httpapi: describe the API: %v", err)) // the routes are wrong
	}
	return text
}

func serveDocument(text func() []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(text())
	}
}

// docs serves a browser for the description at spec, with nothing from elsewhere.
func docs(spec, base string) http.Handler {
	return v5emb.New(title, spec, base)
}
