# One line a target; `make` alone lists them.
.DEFAULT_GOAL := help
export NPM_CONFIG_LOGLEVEL ?= error
export ONNXRUNTIME_NODE_INSTALL ?= skip
ISTHMUS := npm run -s isthmus --

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

node_modules: package-lock.json ; npm ci --no-audit --no-fund && touch node_modules

install: node_modules ## install what the lock file says

demo: install ## train a VAE on the embedded digits, offline, and say where its report is
	@rm -rf runs/demo && $(ISTHMUS) train --data digits --preset vae --epochs 15 --seed 1 --out runs/demo
	@echo "open runs/demo/report.html"

test: install ## install, check types and style, and run the tests
	npm run -s check && npx vitest run

bench: install ## compare a training step with PyTorch's (needs Python with torch)
	npx tsx bench/training.ts

bench-browser: install ## compare it in Chromium with TensorFlow.js's and jax-js's
	npx tsx bench/browser.ts

bench-serve: build ## what the service reaches under load, and at twice that; ten minutes
	npx tsx bench/serve.ts

bench-page: web-models ## time the page in Chromium: first picture, decodes, training
	npx tsx bench/page.ts

mnist: install ## train the reference VAE on MNIST
	@rm -rf runs/mnist
	$(ISTHMUS) train --data mnist --preset vae --latent 20 --hidden 400 --epochs 10 --batch 128 --learning-rate 1e-3 --seed 1 --out runs/mnist

presets: install ## train every preset on MNIST (the others on data of their own) and measure it; hours
	npx tsx bench/presets.ts

burda: install ## the 3,280 epochs of Burda et al. (2016) on MNIST; can be stopped and goes on where it was
	$(ISTHMUS) train --data mnist --preset burda-vae --epochs 3280 --learning-rate-schedule burda --threads 1 --no-report --out runs/burda-3280 --resume
	$(ISTHMUS) evaluate runs/burda-3280 --importance-samples 5000

web: web-models ## work on the page: serve it, and show every change at once
	npx vite --config runtime/browser/vite.config.ts

web-build: web-models ## build the page into site/, for any host
	npx vite build --config runtime/browser/vite.config.ts

WEB_MODELS := runtime/browser/public/models
web-models: $(WEB_MODELS)/digits-2d/decoder.onnx $(WEB_MODELS)/digits-10d/decoder.onnx ## train the two models that come with the page

$(WEB_MODELS)/digits-%/decoder.onnx: | install
	$(ISTHMUS) train --data digits --preset vae --seed 1 $(WEB_$*) --no-report --out runs/web-$* --resume
	mkdir -p $(@D) && cp runs/web-$*/encoder.onnx runs/web-$*/decoder.onnx $(@D)

WEB_2d := --latent 2 --hidden 400,200 --epochs 25
WEB_10d := --latent 10 --hidden 400 --epochs 15

screenshots: web-models ## take the README's pictures of the page again
	npx tsx bench/screenshots.ts

figures: install ## draw the README's pictures again
	@rm -rf runs/figures-2d runs/figures runs/figures-conditional
	$(ISTHMUS) train --data digits --preset vae-2d --epochs 40 --seed 1 --out runs/figures-2d
	$(ISTHMUS) train --data digits --preset vae --epochs 15 --seed 1 --out runs/figures
	$(ISTHMUS) train --data mnist --preset conditional-vae --seed 1 --out runs/figures-conditional
	cp runs/figures-conditional/pictures/samples.png .github/pictures/conditional-vae.png
	cp runs/figures-2d/pictures/latent-grid.png runs/figures/pictures/reconstructions.png .github/pictures/

cuda: install ## fetch ONNX Runtime's CUDA provider (Linux, CUDA 12, cuDNN 9; some 300 MB)
	ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install && $(ISTHMUS) doctor

doctor: install ## say which devices work here
	@$(ISTHMUS) doctor

build: install ## write the package to dist
	npm run -s build

clean: ## remove what was built and installed
	rm -rf dist node_modules

.PHONY: help install demo test bench bench-browser bench-page bench-serve mnist presets burda web web-build web-models screenshots figures cuda doctor build clean
