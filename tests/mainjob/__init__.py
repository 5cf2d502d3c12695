"""The main job with packets: a whole cloud, machines in its networks, an endpoint's life seen from them."""
