module hearth/kubernetes/pause

go 1.23
