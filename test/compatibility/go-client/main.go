package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"

	heroku "github.com/heroku/heroku-go/v5"
)

// Makes, configures, shows and deletes an app, and prints what it was answered.
func main() {
	transport := &heroku.Transport{BearerToken: os.Args[2]}
	service := heroku.NewService(&http.Client{Transport: transport})
	service.URL = os.Args[1]
	ctx := context.Background()
	name, value := os.Args[3], "from Go"

	app, err := service.AppCreate(ctx, heroku.AppCreateOpts{Name: &name})
	check(err)
	_, err = service.ConfigVarUpdate(ctx, name, map[string]*string{"GREETING": &value})
	check(err)
	vars, err := service.ConfigVarInfoForApp(ctx, name)
	check(err)
	releases, err := service.ReleaseList(ctx, name, &heroku.ListRange{Field: "version", Max: 2, Descending: true})
	check(err)
	account, err := service.AccountInfo(ctx)
	check(err)
	_, missing := service.AppInfo(ctx, name+"-missing")
	_, err = service.AppDelete(ctx, name)
	check(err)
	versions := []int{}
	for _, release := range releases {
		versions = append(versions, release.Version)
	}
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"app": app.Name, "greeting": *vars["GREETING"], "versions": versions,
		"email": account.Email, "missing": missing.Error(),
	}))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
